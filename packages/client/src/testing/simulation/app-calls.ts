// What apps ask for in a simulated run. Each write has a number, which stands in the value, so that it can be looked for.
import { isSyncError, type SyncErrorCode } from "@holdfast/core";
import type { Dataset } from "../../api.ts";
import type { Decision } from "./decision.ts";
import type { AppCall, Tab } from "./device.ts";
import { countPlace, transferKeys, type GhostWrite } from "./ghost.ts";
import type { World } from "./world.ts";

type Call = Extract<Decision, { readonly type: "call" }>;
type Numbers = Record<string, number>;

interface Asked {
  readonly type: AppCall["type"];
  /** By key. */
  readonly writes: ReadonlyMap<string, readonly GhostWrite[]>;
  readonly promise: Promise<unknown>;
}

/** What a call may end with. */
const expectedErrors: readonly SyncErrorCode[] = [
  ...(["storage-full", "not-found", "offline", "cloud-unavailable", "throttled"] as const),
  ...(["access-denied", "cloud-misconfigured", "invalid-value", "aborted"] as const),
];

/** Calls of a tab that may be under way at once. */
const callsMax = 6;

/** False: too much is under way. */
export function performCall(world: World, tab: Tab, call: Call): boolean {
  if (tab.calls.size >= callsMax || !tab.client) return false;
  const { type, writes, promise } = ask(world, tab, call);
  const { life } = tab;
  const keys = writes.size === 0 ? [null] : [...writes.keys()];
  const others = [...tab.calls];
  const made = keys.map((key): AppCall => ({
    ...{ type, tab, text: call.call, dataset: call.dataset, key, since: world.operations },
    writes: key === null ? [] : (writes.get(key) ?? []).map(({ id }) => id),
    isAlone: !others.some((other) => other.dataset === call.dataset && other.key === key),
  }));
  for (const other of others) {
    if (other.dataset === call.dataset && other.key !== null && writes.has(other.key)) other.isAlone = false;
  }
  for (const one of made) tab.calls.add(one);
  const end = (after: () => void): void => {
    if (tab.life !== life || !tab.isAlive) return;
    for (const one of made) tab.calls.delete(one);
    after();
  };
  promise.then(
    () => end(() => acknowledge(world, tab, made)),
    (error: unknown) => end(() => noteError(world, tab, call, error)),
  );
  return true;
}

function acknowledge(world: World, tab: Tab, calls: readonly AppCall[]): void {
  for (const { writes, isAlone, type } of calls) {
    for (const id of writes) {
      const write = world.witness.ghost.writes[id];
      if (!write) continue;
      // What was written over in the same transaction was never seen; a removal of nothing is none.
      if (write.order === 0 && isAlone && type !== "remove") {
        world.violate(`${tab.name} was told that write ${id} is stored, and it is not`);
      }
      if (write.order > 0) tab.unsaved.push(write);
    }
  }
}

function noteError(world: World, tab: Tab, { call }: Call, error: unknown): void {
  if (isSyncError(error) && expectedErrors.includes(error.code)) return world.happened(`error ${error.code}`);
  world.violate(`${tab.name}: ${call} failed with ${String(error)}`);
}

function ask(world: World, tab: Tab, call: Call): Asked {
  const { client } = tab;
  if (!client) throw new Error("A page that is gone asks for nothing.");
  const { ghost } = world.witness;
  const dataset = client.dataset<Numbers>(call.dataset);
  const nothing = new Map<string, readonly GhostWrite[]>();
  const issue = (key: string, place: string, type: GhostWrite["type"] = "write"): GhostWrite =>
    ghost.issue(type, tab, { dataset: call.dataset, key, place });
  const other = (promise: Promise<unknown>, type: AppCall["type"] = "other"): Asked => ({
    type,
    writes: nothing,
    promise,
  });
  switch (call.call) {
    case "update":
    case "own": {
      const place = call.call === "own" ? tab.device.name : call.place;
      const key = call.call === "own" ? "own" : call.key;
      const write = issue(key, place);
      const promise = dataset.update(key, (draft) => void (draft[place] = write.id), { initial: {} });
      return { type: "write", writes: new Map([[key, [write]]]), promise };
    }
    case "put": {
      const write = issue(call.key, call.place);
      return {
        type: "write",
        writes: new Map([[call.key, [write]]]),
        promise: dataset.put(call.key, { [call.place]: write.id }),
      };
    }
    case "remove": {
      const removal = issue(call.key, "", "removal");
      return { type: "remove", writes: new Map([[call.key, [removal]]]), promise: dataset.remove(call.key) };
    }
    case "count":
      return other(countUp(world, call.dataset, dataset), "count");
    case "bulk": {
      const writes = ["o1", "o2"].map((key) => issue(key, call.place));
      return {
        type: "write",
        writes: new Map(writes.map((write) => [write.key, [write]])),
        promise: dataset.bulkPut(writes.map(({ key, id }) => [key, { [call.place]: id }])),
      };
    }
    case "transfer": {
      const writes = [call.key, ...transferKeys].map((key) => issue(key, call.place));
      for (const write of writes) write.together = writes;
      const promise = dataset.transaction(async (tx) => {
        for (const { key, id } of writes)
          await tx.update(key, (draft) => void (draft[call.place] = id), { initial: {} });
      });
      return { type: "write", writes: new Map(writes.map((write) => [write.key, [write]])), promise };
    }
    case "synchronize":
      return other(call.key === "all" ? client.synchronize() : dataset.synchronize());
    case "verify":
      return other(dataset.verify());
    case "when-synced":
      return other(dataset.whenSynced());
    case "delete":
      return other(dataset.deleteEverywhere(), "delete");
    case "resolve":
      return other(resolveOne(world, tab, call), "resolve");
    case "retry":
    case "discard":
      return other(settleRejected(tab, call.call), call.call === "discard" ? "discard" : "other");
  }
}

async function countUp(world: World, name: string, dataset: Dataset<Numbers>): Promise<void> {
  // Two that make a counter each have made one counter: both are taken for the same.
  if ((await dataset.get("n1")) === undefined) return;
  const counts = world.counts.get(name) ?? { asked: 0, stored: 0 };
  world.counts.set(name, counts);
  counts.asked += 1;
  await dataset.update("n1", (draft) => void (draft[countPlace] = (draft[countPlace] ?? 0) + 1), { initial: {} });
  counts.stored += 1;
}

async function resolveOne(world: World, { client }: Tab, { place }: Call): Promise<void> {
  const open = (await client?.conflicts())?.find(({ state }) => state === "open");
  if (!open) return;
  world.happened("conflict decided");
  await client?.resolveConflict(open.id, { type: place === "x" ? "local" : "remote" });
}

async function settleRejected({ client }: Tab, how: "retry" | "discard"): Promise<void> {
  const rejected = client?.problems.getSnapshot().find((problem) => problem.type === "rejected");
  if (rejected?.type !== "rejected") return;
  await (how === "retry" ? client?.retryRejected(rejected.id) : client?.discardRejected(rejected.id));
}
