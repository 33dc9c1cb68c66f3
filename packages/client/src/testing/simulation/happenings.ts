// What goes wrong by itself in a simulated run, beside what goes wrong with a request or a transaction.
import { parseRecordKey, type DatasetName, type IdentityId, type JsonValue } from "@holdfast/core";
import type { Decision } from "./decision.ts";
import type { Device, Tab } from "./device.ts";
import type { GhostWrite } from "./ghost.ts";
import type { World } from "./world.ts";

type Happening = Extract<Decision, { readonly type: "fault" }>;

/** A record that no app writes. */
const directKey = parseRecordKey("direct");

/** False: it can't happen now. */
export function happen(world: World, { fault, on, amount }: Happening): boolean {
  const tab = world.tabs.find(({ name }) => name === on) ?? world.tabs[0];
  if (!tab) return false;
  const happened = happenTo(world, tab, { fault, on, amount });
  if (happened) world.happened(fault);
  return happened;
}

function happenTo(world: World, tab: Tab, { fault, amount }: Pick<Happening, "fault" | "on" | "amount">): boolean {
  const { device } = tab;
  switch (fault) {
    case "crash":
      world.stop(tab, amount % (device.storage.begun(tab) + 1));
      world.start(tab);
      return true;
    case "offline":
      device.isOnline = !device.isOnline;
      tell(device);
      return true;
    case "frozen":
      tab.isFrozen = !tab.isFrozen;
      return true;
    case "hidden":
      tab.isVisible = !tab.isVisible;
      tell(device);
      return true;
    case "clock":
      device.clockOffset = (amount - 6) * 3_600_000;
      return true;
    case "evicted":
      evict(world, device);
      return true;
    case "stolen-lock":
      return device.locks.steal();
    case "went-back":
      return amount % 2 === 0 ? backUp(world) : restore(world);
    case "direct-write":
      return writeDirectly(world, amount);
    case "refused-record":
      return refuse(world, amount);
    case "expired-tombstones":
      for (const table of world.cloud.tables.values()) {
        for (const dataset of table.datasets.values()) dataset.expireTombstones();
      }
      return true;
    default:
      return false;
  }
}

const tell = ({ tabs }: Device): void => {
  for (const { isAlive, listeners } of tabs) if (isAlive) for (const listener of listeners) listener();
};

/** The browser deletes all that is on the device; what was only there is gone. */
function evict(world: World, device: Device): void {
  for (const tab of device.tabs) world.stop(tab, 0);
  device.storage.clear();
  for (const write of world.witness.ghost.writes) {
    if (write.device === device.name && !write.hasLanded) write.excuse ??= "its device's storage was deleted";
  }
  for (const tab of device.tabs) world.start(tab);
  world.wasEvicted = true;
}

function backUp(world: World): boolean {
  for (const [identity, table] of world.cloud.tables) {
    const kept = [...table.datasets.keys()].map((dataset) => [dataset, table.snapshot(dataset)] as const);
    world.backups.set(identity, () => {
      for (const [dataset, backup] of kept) {
        const before = [...table.table(dataset).records.values()];
        table.restore(dataset, backup);
        // It may have been taken while somebody's write past the rules had not been mended.
        if (world.writtenDirectly.has(dataset)) world.witness.distrust(identity, dataset);
        const after = [...table.table(dataset).records.values()];
        world.witness.wentBack(before, after, (write) => isHeld(world, dataset, write));
      }
    });
  }
  return true;
}

function restore(world: World): boolean {
  const [first] = world.backups;
  if (!first) return false;
  const [identity, goBack]: [IdentityId, () => void] = first;
  world.backups.delete(identity);
  world.wasRestored = true;
  goBack();
  return true;
}

const isHeld = (world: World, dataset: DatasetName, write: GhostWrite): boolean =>
  world.devices.some(({ storage }) =>
    [...storage.databases.values()].some(
      ({ database }) => world.witness.ghost.at(valueOf(database.records(dataset), write.key), write.place) === write,
    ),
  );

function valueOf(records: ReadonlyMap<string, { readonly value?: JsonValue | undefined }>, key: string) {
  for (const [name, { value }] of records) if (name === key) return value;
  return undefined;
}

function writeDirectly(world: World, amount: number): boolean {
  for (const [identity, table] of world.cloud.tables) {
    for (const [name, dataset] of table.datasets) {
      if (!dataset.head) continue;
      world.writtenDirectly.add(name);
      world.witness.distrust(identity, name);
      const [known] = dataset.records.keys();
      const key = amount % 3 === 1 ? (known ?? directKey) : directKey;
      dataset.writeDirectly(key, amount % 3 === 0 ? undefined : { text: `direct ${amount}` });
      return true;
    }
  }
  return false;
}

function refuse(world: World, amount: number): boolean {
  const key = amount % 2 === 0 ? "o1" : "own";
  for (const { refused } of world.cloud.tables.values()) {
    if (refused.has(key)) refused.delete(key);
    else refused.add(key);
  }
  return true;
}
