// Two replicas and one hostile table: what an app does, what the loop makes of it.
import {
  editRecord,
  parseCommitId,
  parseDatasetName,
  parseRecordKey,
  parseReplicaId,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type Resolver,
} from "@holdfast/core";
import { beforeEach, describe, expect, it } from "vitest";
import { DatasetReplica } from "./dataset-replica.ts";
import { syncDataset } from "./dataset-sync.ts";
import type { SyncResult } from "./sync-tally.ts";
import { dexieLocalStore } from "./dexie/dexie-local-store.ts";
import type { Vault } from "./local-store.ts";
import type { RuntimeImplementation } from "./runtime.ts";
import { MemoryTable } from "./testing/memory-table.ts";

const notes = parseDatasetName("notes");
let cloud: MemoryTable;
let now = 1_000;
let ids = 0;

const runtime: { -readonly [K in keyof RuntimeImplementation]: RuntimeImplementation[K] } = {
  now: () => now,
  randomBytes: (length) => new Uint8Array(length),
  random: () => 0.5,
  sleep: async (ms) => void (now += ms),
  schedule: () => () => {},
  online: () => true,
  visible: () => true,
  onChange: () => () => {},
  withLock: (_name, _signal, work) => work(),
  channel: () => ({ post: () => {}, close: () => {} }),
  storage: async () => null,
  requestPersistence: async () => false,
};

const replicaOptions = { name: notes, announce: () => {}, neverSynced: false, summary: null };

class Device {
  readonly replica: DatasetReplica;
  readonly #vault: Vault;
  readonly #id: string;

  private constructor(replica: DatasetReplica, vault: Vault, id: string) {
    this.replica = replica;
    this.#vault = vault;
    this.#id = id;
  }

  static async open(id: string): Promise<Device> {
    const vault = await dexieLocalStore().open(`sync-${(ids += 1)}`, { durability: "relaxed" });
    const replica = new DatasetReplica({ ...replicaOptions, vault });
    await replica.load();
    return new Device(replica, vault, id.repeat(8));
  }

  /** The same database, with a memory of its own. */
  async anotherTab(): Promise<Device> {
    const replica = new DatasetReplica({ ...replicaOptions, vault: this.#vault });
    await replica.load();
    return new Device(replica, this.#vault, this.#id);
  }

  put(name: string, value: JsonValue | undefined): Promise<void> {
    return this.putAll([[name, value]]);
  }

  putAll(entries: readonly (readonly [name: string, value: JsonValue | undefined])[]): Promise<void> {
    const keys = entries.map(([name]) => parseRecordKey(name));
    return this.replica.transact("here", { type: "keys", keys }, ({ state, records }) => {
      const changed = new Map<RecordKey, LocalRecord | null>();
      let { nextOrder } = state;
      for (const [name, value] of entries) {
        const key = parseRecordKey(name);
        const inAttempt = state.attempt?.records.some((sent) => sent.key === key) ?? false;
        const edit = { key, value, now: (now += 1), schema: 1, order: (nextOrder += 1) };
        const outcome = editRecord(records.get(key), edit, inAttempt);
        if (outcome.type === "edited") changed.set(key, outcome.record);
      }
      return { change: { state: { ...state, nextOrder: nextOrder + 1 }, records: changed }, result: undefined };
    });
  }

  sync(resolver?: Resolver<JsonValue>, deletes = false): Promise<SyncResult> {
    return syncDataset(
      {
        ...{
          replica: this.replica,
          replicaId: parseReplicaId(this.#id),
          remote: cloud,
          deletes,
          values: {},
          runtime,
          resolver,
          now: () => now,
        },
        newCommit: () => parseCommitId(String((ids += 1)).padStart(22, "c")),
        signal: new AbortController().signal,
        onPhase: () => {},
        onProgress: () => {},
        onCost: () => {},
      },
      "pulling",
    );
  }

  get values(): Record<string, unknown> {
    return Object.fromEntries(this.replica.sortedKeys.map((key) => [key, this.replica.records?.get(key)?.value]));
  }

  get pending(): number {
    return [...(this.replica.records?.values() ?? [])].filter((record) => record.pending !== null).length;
  }
}

let a: Device;
let b: Device;

const expectEqual = (values: Record<string, unknown>): void => {
  expect({ cloud: cloud.values(notes), a: a.values, b: b.values }).toEqual({ cloud: values, a: values, b: values });
  expect([a.pending, b.pending]).toEqual([0, 0]);
};

describe("the sync loop", () => {
  beforeEach(async () => {
    runtime.sleep = async (ms) => void (now += ms);
    cloud = new MemoryTable();
    a = await Device.open("a");
    b = await Device.open("b");
  });

  it("S-2, S-8: what one writes the other shows; removals too", async () => {
    await a.put("n1", { text: "one" });
    await a.put("n2", 2);
    expect((await a.sync()).report).toMatchObject({ outcome: "synced", verified: true, pushed: 2, requests: 2 });
    expect((await b.sync()).report).toMatchObject({ outcome: "synced", verified: true, pulled: 2 });
    await b.put("n2", undefined);
    await b.sync();
    await a.sync();
    expectEqual({ n1: { text: "one" } });
  });

  it("nothing new: one request", async () => {
    await a.put("n", 1);
    await a.sync();
    expect((await a.sync()).report).toMatchObject({ verified: true, pulled: 0, pushed: 0, requests: 1 });
  });

  it("10,000 records go up in 103 requests", { timeout: 60_000 }, async () => {
    await a.putAll(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, index] as const));
    expect((await a.sync()).report).toMatchObject({ outcome: "synced", pushed: 10_000, requests: 103 });
  });

  it("C01: different fields of one record are merged, without a conflict", async () => {
    await a.put("n", { label: "milk", done: false });
    await a.sync();
    await b.sync();
    await a.put("n", { label: "oat milk", done: false });
    await b.put("n", { label: "milk", done: true });
    await a.sync();
    expect((await b.sync()).report.conflicts).toEqual([]);
    await a.sync();
    expectEqual({ n: { label: "oat milk", done: true } });
  });

  it("C01: the same field edited twice: the newest wins, the other is kept in the conflict record", async () => {
    await a.put("n", { label: "milk" });
    await a.sync();
    await b.sync();
    await a.put("n", { label: "oat milk" });
    await b.put("n", { label: "2 l milk" });
    await a.sync();
    const { report } = await b.sync();
    expect(report.conflicts).toMatchObject([
      { key: "n", clashes: ["/label"], remote: { label: "oat milk" }, state: "settled" },
    ]);
    await a.sync();
    expectEqual({ n: { label: "2 l milk" } });
  });

  it("C02: an edit wins over a removal", async () => {
    await a.put("n", { n: 1 });
    await a.sync();
    await b.sync();
    await a.put("n", undefined);
    await b.put("n", { n: 2 });
    await a.sync();
    expect((await b.sync()).report).toMatchObject({ outcome: "synced", error: null, conflicts: [{ key: "n" }] });
    await a.sync();
    expectEqual({ n: { n: 2 } });
  });

  it("S-6: a lost answer is no conflict, also when another device has written over it since", async () => {
    await a.put("n", "a1");
    cloud.faults.push({ type: "lost-answer" });
    // The repeat is lost too, and many more: this device gives up until the next sync.
    for (let index = 0; index < 8; index++) cloud.faults.push({ type: "lost-request" });
    expect((await a.sync()).report.outcome).toBe("incomplete");
    cloud.faults.length = 0;
    await b.sync();
    await b.put("n", "b1");
    await b.sync();
    const { report } = await a.sync();
    expect([report.outcome, report.conflicts]).toEqual(["synced", []]);
    expectEqual({ n: "b1" });
  });

  it("S-4: a removal made while a lost attempt may have landed is not lost", async () => {
    await a.put("n", 1);
    cloud.faults.push({ type: "lost-answer" });
    for (let index = 0; index < 8; index++) cloud.faults.push({ type: "lost-request" });
    await a.sync();
    cloud.faults.length = 0;
    await a.put("n", undefined);
    await a.sync();
    await b.sync();
    expectEqual({});
  });

  it("C29: an edit made while the push is in flight is kept", async () => {
    await a.put("n", "v1");
    cloud.faults.push({ type: "meanwhile", run: () => a.put("n", "v2") });
    await a.sync();
    await b.sync();
    expectEqual({ n: "v2" });
  });

  it("S-8: a head that is visible before its records never makes a device miss one", async () => {
    await a.put("n1", 1);
    await a.put("n2", 2);
    await a.sync();
    cloud.hidden.add("n2");
    const blind = await b.sync();
    expect(blind.report.verified).toBe(false);
    expect(b.replica.state.checkpoint).toBeNull();
    cloud.hidden.clear();
    await b.sync();
    expectEqual({ n1: 1, n2: 2 });
  });

  it("C30: one refused record does not stop the others, and is not sent again", async () => {
    for (const name of ["a", "b", "c"]) await a.put(name, name);
    cloud.refused.add("b");
    await a.sync();
    expect(cloud.values(notes)).toEqual({ a: "a", c: "c" });
    expect(a.replica.records?.get(parseRecordKey("b"))).toMatchObject({ value: "b", hold: { type: "rejected" } });
    expect((await a.sync()).report.requests).toBe(1);
  });

  it("a resolver that asks keeps the record as it is here, and does not push it", async () => {
    await a.put("n", "base");
    await a.sync();
    await b.sync();
    await a.put("n", "theirs");
    await a.sync();
    await b.put("n", "mine");
    const { report } = await b.sync(() => ({ type: "ask" }));
    expect(report.conflicts).toMatchObject([{ state: "open", local: "mine", remote: "theirs", base: "base" }]);
    expect([b.values, cloud.values(notes)]).toEqual([{ n: "mine" }, { n: "theirs" }]);
  });

  it("S-10: a head whose digest was damaged is repaired where its last commit is seen whole", async () => {
    await a.put("n", 1);
    await a.sync();
    const table = cloud.table(notes);
    if (table.head) table.head = { ...table.head, recordCount: 9 };
    const { report } = await b.sync();
    expect(report).toMatchObject({ outcome: "synced", verified: true });
    await a.sync();
    expectEqual({ n: 1 });
  });

  it("S-12: a cloud that went back to a backup loses nothing that is here", async () => {
    await a.put("old", 1);
    await a.sync();
    const backup = cloud.snapshot(notes);
    await a.put("new", 2);
    await a.sync();
    cloud.restore(notes, backup);
    await b.sync();
    const { report } = await a.sync();
    expect(report).toMatchObject({ outcome: "synced", conflicts: [{ key: "new", kind: "cloud-restored" }] });
    await b.sync();
    expectEqual({ new: 2, old: 1 });
  });

  it("S-13: a dataset whose head was lost gets a new one, and everybody agrees again", async () => {
    await a.put("n", 1);
    await a.sync();
    cloud.table(notes).head = null;
    expect((await a.sync()).report.outcome).toBe("synced");
    await b.sync();
    await b.put("m", 2);
    await b.sync();
    await a.sync();
    expectEqual({ m: 2, n: 1 });
  });

  it("S-15: an answer changes nothing where another tab has finished the attempt", async () => {
    const tab = await a.anotherTab();
    await a.put("n", 1);
    cloud.faults.push({
      type: "meanwhile",
      run: async () => {
        await tab.sync();
        await tab.put("n", 2);
        await tab.sync();
      },
    });
    await a.sync();
    await a.replica.refresh(null);
    await a.sync();
    await b.sync();
    expectEqual({ n: 2 });
  });

  it("S-19: what could not be read is kept, never written over, and read without a pull once it can be", async () => {
    await a.put("n", { from: "a newer version" });
    await a.put("m", 1);
    await a.sync();
    cloud.unreadable.add("n");
    await b.sync();
    expect(b.values).toEqual({ m: 1, n: undefined });
    await expect(b.put("n", 1)).rejects.toMatchObject({ code: "format-too-new" });
    cloud.unreadable.clear();
    const { report } = await b.sync();
    expect(report).toMatchObject({ pulled: 0, requests: 1 });
    expectEqual({ m: 1, n: { from: "a newer version" } });
  });

  it("S-19: a dataset whose head is of a newer format is read and not written", async () => {
    await a.put("n", 1);
    await a.sync();
    const table = cloud.table(notes);
    if (table.head) table.head = { ...table.head, format: 99 };
    expect((await b.sync()).report).toMatchObject({ outcome: "synced", verified: true });
    await b.put("m", 2);
    expect((await b.sync()).report).toMatchObject({ outcome: "blocked", error: { code: "format-too-new" } });
    expect(cloud.values(notes)).toEqual({ n: 1 });
    expect(b.pending).toBe(1);
  });

  it("S-18: a bulk push gives way to others while they show themselves, and never waits alone", async () => {
    const waits: number[] = [];
    runtime.sleep = async (ms) => void waits.push((now += ms) && ms);
    await a.putAll(Array.from({ length: 99 * 40 }, (_, index) => [`k${index}`, index] as const));
    await a.sync();
    expect(waits).toEqual([]);
    await b.sync();
    await b.put("other", 1);
    await a.putAll(Array.from({ length: 99 * 40 }, (_, index) => [`k${index}`, -index - 1] as const));
    cloud.faults.push({ type: "meanwhile", run: () => b.sync() });
    await a.sync();
    expect(waits).toEqual([1_000]);
  });

  it("S-11: a dataset that is deleted is gone everywhere, and can be made again", async () => {
    await a.put("n", 1);
    await a.put("m", 2);
    await a.sync();
    await b.sync();
    expect((await a.sync(undefined, true)).report).toMatchObject({ outcome: "synced", verified: true });
    expect([cloud.table(notes).records.size, cloud.table(notes).head?.swept]).toEqual([0, true]);
    await b.sync();
    expectEqual({});
    await b.put("new", 3);
    await b.sync();
    await a.sync();
    expectEqual({ new: 3 });
  });

  it("S-11: edits that wait elsewhere make the dataset again, and say so; those made here before it go with it", async () => {
    await a.put("n", 1);
    await a.sync();
    await b.sync();
    await b.put("n", "edited meanwhile");
    await a.put("n", "before the deletion");
    await a.put("p", "before the deletion");
    await a.sync(undefined, true);
    expect(a.values).toEqual({});
    expect((await b.sync()).report.conflicts).toMatchObject([{ key: "n", kind: "dataset-deleted" }]);
    await a.sync();
    expectEqual({ n: "edited meanwhile" });
  });

  it("S-11: an edit made while the deletion is under way comes after it", async () => {
    await a.put("n", 1);
    await a.sync();
    cloud.faults.push({ type: "meanwhile", run: () => a.put("n", "after") });
    await a.sync(undefined, true);
    await b.sync();
    expectEqual({ n: "after" });
  });

  it("S-11: a deletion whose answer is lost, or that comes too late, is made once", async () => {
    await a.put("n", 1);
    await a.sync();
    await b.sync();
    await b.put("m", 2);
    cloud.faults.push({ type: "lost-answer" });
    await a.sync(undefined, true);
    await b.sync();
    await a.sync();
    expectEqual({ m: 2 });
    await b.put("k", 3);
    cloud.faults.push({ type: "lost-request" });
    const deleting = a.sync(undefined, true);
    await b.sync();
    await deleting;
    await b.sync();
    await a.sync();
    expect(a.values).toEqual(b.values);
    expect(cloud.values(notes)).toEqual(a.values);
  });

  it("S-3: an item that is no record, where a new one shall go, holds that one back and nothing else", async () => {
    await a.put("x", 1);
    await a.sync();
    const [x] = cloud.table(notes).records.values();
    if (x) cloud.table(notes).records.set(parseRecordKey("k"), { ...x, key: parseRecordKey("k") });
    cloud.damaged.add("k");
    await a.putAll([
      ["k", 1],
      ["m", 2],
    ]);
    await a.sync();
    expect(a.replica.records?.get(parseRecordKey("k"))).toMatchObject({ value: 1, hold: { type: "rejected" } });
    expect(cloud.values(notes)).toMatchObject({ m: 2 });
    expect(cloud.requests).toBeLessThan(20);
  });

  it("S-11: an edit upon an edit, made while a deletion may have landed, is not dropped with it", async () => {
    await a.put("n", 0);
    await a.sync();
    await a.put("n", 1);
    cloud.faults.push({ type: "lost-answer" });
    for (let index = 0; index < 8; index++) cloud.faults.push({ type: "lost-request" });
    await a.sync(undefined, true);
    cloud.faults.length = 0;
    now -= 1;
    await a.put("n", 2);
    await a.sync();
    await b.sync();
    expectEqual({ n: 2 });
  });
});
