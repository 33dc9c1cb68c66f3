// Devices of one identity that edit, sync, go offline, crash and lose answers, in an order that a seed decides. Each
// device counts up a field of its own in records that all of them share, so that every acknowledged write can be looked
// for at the end: nothing may be lost, nothing may come back, and all must be equal to the cloud.
import { describe, expect, it } from "vitest";
import { createSyncClient, type Definitions, type SyncClient, type SyncClientOptions } from "./index.ts";
import { cloudFaults, fakeRuntime, memoryCloud, memoryStore } from "./testing/index.ts";

const keys = ["k0", "k1", "k2", "k3"];
const login = { test: "ann" };

type Counts = Record<string, number>;
type Store = "memory" | "indexeddb";
/** Of fields that nobody else edits, so that each can be looked for; or of all, with removals and deletions besides. */
type Edits = "own fields" | "anything";

class Device {
  readonly name: string;
  readonly runtime;
  readonly #cloud: ReturnType<typeof memoryCloud>;
  readonly #place: Pick<SyncClientOptions<Definitions>, "storage" | "databaseName">;
  client: SyncClient;
  /** By record: the last value of this device's field that was acknowledged. */
  readonly acknowledged = new Map<string, number>();
  #last = 0;

  constructor(name: string, cloud: ReturnType<typeof memoryCloud>, seed: number, store: Store) {
    this.name = name;
    this.#place = store === "memory" ? { storage: memoryStore() } : { databaseName: `device-${seed}` };
    this.#cloud = cloud;
    // Clocks differ by hours.
    this.runtime = fakeRuntime({ now: 1_767_225_600_000 + seed * 3_600_000, seed });
    this.client = this.#open();
  }

  get notes() {
    return this.client.dataset<Counts>("notes");
  }

  async edit(key: string): Promise<void> {
    const value = (this.#last += 1);
    await this.notes.update(key, (counts) => void (counts[this.name] = value), { initial: {} });
    this.acknowledged.set(key, value);
  }

  /** The page goes, whatever it was doing; another one is opened on the same storage. */
  crash(): void {
    this.client = this.#open();
  }

  #open(): SyncClient {
    const { runtime } = this;
    const client: SyncClient = createSyncClient({ cloud: this.#cloud, ...this.#place, runtime, autoSync: false });
    client.dataset("notes");
    return client;
  }
}

async function run(seed: number, store: Store, edits: Edits = "own fields"): Promise<void> {
  const chance = fakeRuntime({ seed: seed + 1_000 });
  const pick = <T>(list: readonly T[]): T => {
    const chosen = list[Math.floor(chance.random() * list.length)];
    if (chosen === undefined) throw new Error("nothing to pick from");
    return chosen;
  };
  const cloud = memoryCloud({ faults: cloudFaults, seed });
  const devices = ["a", "b", "c"].map((name, index) => new Device(name, cloud, seed * 3 + index, store));
  for (const { client } of devices) await client.signIn(login);
  const running: Promise<unknown>[] = [];
  for (let step = 0; step < 60; step += 1) {
    const device = pick(devices);
    if (edits === "anything" && chance.random() < 0.3) {
      const roll = chance.random();
      if (roll < 0.5) await device.notes.put(pick(keys), { same: step });
      else if (roll < 0.9) await device.notes.remove(pick(keys));
      else running.push(device.notes.deleteEverywhere().catch(() => {}));
      continue;
    }
    const roll = chance.random();
    if (roll < 0.45) await device.edit(pick(keys));
    else if (roll < 0.6) running.push(device.client.synchronize().catch(() => {}));
    else if (roll < 0.75) await device.client.synchronize();
    else if (roll < 0.83) cloud.fail({ code: pick(["cloud-unavailable", "throttled"] as const), afterApplying: true });
    else if (roll < 0.88) cloud.fail({ code: "cloud-unavailable", times: pick([1, 3, 8]) });
    else if (roll < 0.94) device.runtime.setOnline(chance.random() < 0.5);
    else device.crash();
  }
  cloud.setFaults([]);
  for (const { runtime } of devices) runtime.setOnline(true);
  await Promise.all(running);
  // Faults that are still armed are used up by trying.
  for (let round = 0; round < 12; round += 1) for (const { client } of devices) await client.synchronize();

  const identity = cloud.identityOf(login);
  const inCloud = Object.fromEntries(cloud.records(identity, "notes"));
  const expected: Record<string, Counts> = {};
  for (const { name, acknowledged } of devices) {
    for (const [key, value] of acknowledged) (expected[key] ??= {})[name] = value;
  }
  if (edits === "own fields") expect(inCloud, `seed ${seed}: the cloud`).toEqual(expected);
  for (const { client, name, notes } of devices) {
    expect(Object.fromEntries(await notes.getAll()), `seed ${seed}: device ${name}`).toEqual(inCloud);
    expect(client.status.getSnapshot(), `seed ${seed}: status of ${name}`).toMatchObject({
      state: "saved",
      pending: 0,
    });
    expect((await notes.verify()).equal, `seed ${seed}: verify of ${name}`).toBe(true);
    const conflicts = await client.conflicts();
    if (edits === "own fields") expect(conflicts, `seed ${seed}: conflicts of ${name}`).toEqual([]);
    expect(conflicts.filter(({ kind, state }) => kind === "cloud-restored" || state === "open")).toEqual([]);
  }
}

/** HOLDFAST_SEEDS: how many runs; more than the default are a soak. */
const seeds = Number(process.env["HOLDFAST_SEEDS"] ?? 60);

describe("convergence", { timeout: 600_000 }, () => {
  it("S-1 to S-9: no acknowledged write is lost, and all become equal, whatever happens in between", async () => {
    for (let seed = 1; seed <= seeds; seed += 1) await run(seed, "memory");
  });

  it("S-11: all become equal, too, where records are removed, written over and deleted as a whole", async () => {
    for (let seed = 1; seed <= seeds; seed += 1) await run(seed, "memory", "anything");
  });

  it("the same on IndexedDB", async () => {
    for (let seed = 1; seed <= seeds / 4; seed += 1) await run(seed, "indexeddb");
  });
});
