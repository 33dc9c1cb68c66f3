// What every remote store must answer, whatever stands behind it: the cloud in memory, the emulator's engine, Amazon's
// DynamoDB Local, a real account. It leaves its rows behind, in datasets with random names.
//
// Where DynamoDB itself is known to differ from engines for development, nothing here asks for more than all of them do:
// - Half-seen commits: only the real service (and the cloud in memory, as a fault) shows them. The rules never rely on
//   reads beside a commit. (Transactions: how it works, "Isolation levels".)
// - Request tokens: the real service knows them for ten minutes, engines as long as they run or not at all after a
//   restart. The contract repeats at once.
// - TransactionConflict, throttling and item collections of 10 GB: only the real service answers so. What the adapter makes
//   of these answers is tested by itself.
// - Item size: the real service and DynamoDB Local refuse 400 KB with the entry in the local index; dynoxide does not, so
//   that the emulator checks it before. The contract asks for the largest value that `put` takes.
// - Order within a commit: its records have the same place in the index, so that it is the engine's own (dynoxide gives
//   them by key, DynamoDB Local does not). The contract asks for the order of commits.
// - Capacity units: engines report them more or less exactly. The contract asks that they are told.
import {
  commitRecordsMax,
  DigestSum,
  isCounted,
  keyBytesMax,
  parseDatasetName,
  valueBytesMax,
  type Attempt,
  type DatasetName,
  type Head,
  type JsonValue,
  type RemoteRecord,
  type SyncCount,
} from "@holdfast/core";
import type { Cloud } from "../api.ts";
import { browserRuntime } from "../browser-runtime.ts";
import { readPages } from "../pages.ts";
import { asCloud } from "../ports.ts";
import type { CommitOutcome, RemoteStore } from "../remote-store.ts";
import { ContractReplica, newCommit, type Values } from "./contract-replica.ts";
import { runner, same } from "./contract.ts";

const signal = AbortSignal.timeout(2 ** 31 - 1);
const runtime = browserRuntime();

/** One dataset of the cloud under test, and a device that writes to it. */
class Scene {
  readonly dataset: DatasetName = parseDatasetName(`contract-${crypto.randomUUID()}`);
  readonly device = new ContractReplica();
  readonly store: RemoteStore;

  constructor(store: RemoteStore) {
    this.store = store;
  }

  send(attempt: Attempt): Promise<CommitOutcome> {
    return this.store.commit({ dataset: this.dataset, attempt, signal });
  }

  /** A commit that must land. */
  async put(values: Values, device = this.device): Promise<void> {
    await this.land(device.attempt(values), device);
  }

  async land(attempt: Attempt, device = this.device): Promise<void> {
    await this.answers("a commit upon what is there", attempt, "committed");
    device.landed(attempt);
  }

  async answers(what: string, attempt: Attempt, type: CommitOutcome["type"]): Promise<void> {
    const outcome = await this.send(attempt);
    same(what, "error" in outcome ? `${outcome.type}: ${outcome.error.message}` : outcome.type, type);
  }

  async pull(since: number) {
    const pages: number[] = [];
    const read = await readPages(
      (cursor) => this.store.pullPage({ dataset: this.dataset, since: since as SyncCount, cursor, signal }),
      (page) => pages.push(page.records.length + (page.head ? 1 : 0)),
    );
    return { ...read, pages };
  }

  list() {
    return readPages(
      (cursor) => this.store.listPage({ dataset: this.dataset, cursor, signal }),
      () => {},
    );
  }

  async head(): Promise<Head | null> {
    return (await this.store.readHead({ dataset: this.dataset, signal })).head;
  }
}

const valuesOf = (records: readonly RemoteRecord[]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    records.map(({ key, content }) => [key, content.type === "live" ? content.value : content.type] as const),
  );

const keysOf = (records: readonly RemoteRecord[]): readonly string[] => records.map(({ key }) => key);

/** S-1: what was read makes the head's digest. */
function addsUp(head: Head | null, records: readonly RemoteRecord[]): void {
  const sum = new DigestSum();
  for (const record of records) if (isCounted(record) && record.syncCount > (head?.floor ?? 0)) sum.add(record);
  same("digest and count of what was read", [sum.digest, sum.recordCount], [head?.digest, head?.recordCount]);
}

/**
 * The suite of tests. `open` makes a cloud that takes guests, or whose `logins` answer. Give `describe` and `it` as globals.
 * @throws SyncError `internal` where the test runner gives none
 */
export function remoteStoreContract(open: () => Cloud): void {
  const { describe, it } = runner();
  let opened: Promise<RemoteStore> | null = null;
  const scene = async (): Promise<Scene> => new Scene(await (opened ??= connect(open())));
  const test = (name: string, run: (scene: Scene) => Promise<void>): void => it(name, async () => run(await scene()));
  describe("a remote store", () => {
    describeReads(test);
    describeCommits(test);
    describeValues(test);
    describeDeletion(test);
  });
}

type Test = (name: string, run: (scene: Scene) => Promise<void>) => void;

async function connect(cloud: Cloud): Promise<RemoteStore> {
  const session = await asCloud(cloud).connect(runtime, { clockOffsetMs: 0 });
  const identity = await session.identify({ type: "current", known: null, create: true, askLogins: true }, signal);
  if (identity === null) throw new Error("The cloud under test takes no guests, and its logins name nobody.");
  return session.remoteStore(identity);
}

function describeReads(test: Test): void {
  test("S-7: of a dataset that never was, nothing is read", async (scene) => {
    same("pull", await scene.pull(0), { records: [], damaged: [], head: null, pages: [0] });
    same("list", await scene.list(), { records: [], damaged: [], head: null });
    same("head", await scene.head(), null);
  });

  test("S-7: a pull gives what changed since a count, oldest first, and always the head", async (scene) => {
    await scene.put({ b: 1, a: 1 });
    await scene.put({ c: 1, a: 2 });
    await scene.put({ b: undefined });
    const all = await scene.pull(0);
    same("all", keysOf(all.records).toSorted(), ["a", "b", "c"]);
    same("the newest at last", keysOf(all.records).at(-1), "b");
    same("values", valuesOf(all.records), { a: 2, b: "removed", c: 1 });
    same(
      "counts",
      all.records.map(({ syncCount }) => syncCount),
      [2, 2, 3],
    );
    addsUp(all.head, all.records);
    same("since the second", keysOf((await scene.pull(2)).records), ["b"]);
    const none = await scene.pull(3);
    same("since the last", [none.records, none.head?.syncCount], [[], 3]);
    same("the head by itself", await scene.head(), none.head);
    same("beyond the last", (await scene.pull(9)).records, []);
  });

  test("S-9: a list gives every record by key, tombstones too, and no head", async (scene) => {
    await scene.put({ b: 1, a: 1, "a/b": 1, z: 1 });
    await scene.put({ z: undefined });
    const { records, head } = await scene.list();
    same("keys", keysOf(records), ["a", "a/b", "b", "z"]);
    same("values", valuesOf(records), { a: 1, "a/b": 1, b: 1, z: "removed" });
    same("head", head, null);
  });

  test("S-8: what is more than a page comes in several, each record once, and the head with the last", async (scene) => {
    const large = "x".repeat(100_000);
    const names = Array.from({ length: 25 }, (_, index) => `k${String(index).padStart(2, "0")}`);
    await scene.put(Object.fromEntries(names.map((name) => [name, large])));
    const pulled = await scene.pull(0);
    same("pulled", keysOf(pulled.records).toSorted(), names);
    addsUp(pulled.head, pulled.records);
    same("listed", keysOf((await scene.list()).records), names);
  });

  test("the heads of all datasets of the identity are read together", async (scene) => {
    const other = new Scene(scene.store);
    await scene.put({ a: 1 });
    await other.put({ a: 1 });
    const found = new Map<string, Head | null>();
    let cursor: unknown = null;
    do {
      const page = await scene.store.headsPage({ cursor, signal });
      for (const { dataset, head } of page.heads) found.set(dataset, head);
      cursor = page.cursor;
    } while (cursor !== null);
    for (const { dataset, store } of [scene, other]) {
      same(dataset, found.get(dataset), (await store.readHead({ dataset, signal })).head);
    }
  });

  test("a request's cost is told", async (scene) => {
    const { cost } = await scene.send(scene.device.attempt({ a: 1 }));
    same("a commit", [cost.requests, cost.writeUnits > 0], [1, true]);
    const read = await scene.store.readHead({ dataset: scene.dataset, signal });
    same("a read", [read.cost.requests, read.cost.readUnits > 0], [1, true]);
  });
}

function describeCommits(test: Test): void {
  test("S-2: a commit makes the head what the attempt says", async (scene) => {
    const attempt = scene.device.attempt({ a: 1, b: 2 });
    await scene.land(attempt);
    const head = await scene.head();
    same("head", [head?.syncCount, head?.commit, head?.changed], [1, attempt.commit, 2]);
    same("its sums", [head?.digest, head?.recordCount, head?.floor], [attempt.digest, 2, 0]);
    same("its rest", [head?.lineage, head?.deleted, head?.swept], [attempt.lineage, false, false]);
    same("writers", [...(head?.writers ?? [])], [[scene.device.id, attempt.commit]]);
    await scene.put({ a: undefined });
    same("lineage stays", (await scene.head())?.lineage, attempt.lineage);
  });

  test("S-5: the same attempt again answers as the first did, and is applied once", async (scene) => {
    const attempt = scene.device.attempt({ a: 1 });
    await scene.answers("first", attempt, "committed");
    await scene.answers("again", attempt, "committed");
    same("count", (await scene.head())?.syncCount, 1);
  });

  test("S-2: where the head has moved, nothing is applied", async (scene) => {
    await scene.put({ a: 1 });
    const other = scene.device.copy();
    await scene.put({ a: 2 });
    await scene.answers("upon an older head", other.attempt({ a: 3, b: 3 }), "stale");
    await scene.answers("upon no head", new ContractReplica().attempt({ c: 1 }), "stale");
    same("values", valuesOf((await scene.pull(0)).records), { a: 2 });
  });

  test("S-2: of two histories with the same count only the own one is gone on with", async (scene) => {
    await scene.put({ a: 1 });
    const attempt = scene.device.attempt({ a: 2 });
    const foreign = { ...attempt, base: { ...attempt.base, commit: newCommit() } };
    await scene.answers("another commit of the same count", foreign, "stale");
  });

  test("S-2: a commit upon a head where there is none is not applied", async (scene) => {
    const device = new ContractReplica();
    const first = device.attempt({ a: 1 });
    device.landed(first);
    await scene.answers("a head that is gone", device.attempt({ b: 1 }), "stale");
    same("nothing", await scene.head(), null);
  });

  test("S-3: a record that is not what its base says refuses all of the commit", async (scene) => {
    await scene.put({ a: 1, b: 1 });
    const attempt = scene.device.attempt({ a: 2, b: 2 });
    const [first, second] = attempt.records;
    if (!first?.base || !second) throw new Error("two records were asked for");
    const wrong = { ...first, base: { ...first.base, commit: newCommit() } };
    await scene.answers("another commit", { ...attempt, records: [wrong, second] }, "record-refused");
    const absent = { ...first, base: null };
    await scene.answers(
      "none, and one is there",
      { ...attempt, commit: newCommit(), records: [absent, second] },
      "record-refused",
    );
    same("values", valuesOf((await scene.pull(0)).records), { a: 1, b: 1 });
    await scene.put({ a: 3 });
  });

  test("S-3: a base that is gone refuses the commit as well", async (scene) => {
    await scene.put({ a: 1 });
    const attempt = scene.device.attempt({ b: 1 });
    const [sent] = attempt.records;
    if (!sent) throw new Error("a record was asked for");
    const base = { syncCount: 1 as SyncCount, commit: newCommit() };
    await scene.answers("absent", { ...attempt, records: [{ ...sent, base }] }, "record-refused");
  });

  test("S-3: what was removed may be made again", async (scene) => {
    await scene.put({ a: 1 });
    await scene.put({ a: undefined });
    await scene.put({ a: 2 });
    const { head, records } = await scene.pull(0);
    same("values", valuesOf(records), { a: 2 });
    addsUp(head, records);
  });

  test("S-6: the head names the writers' last commits", async (scene) => {
    await scene.put({ a: 1 });
    const other = scene.device.copy();
    const second = other.attempt({ b: 1 });
    await scene.land(second, other);
    const writers = (await scene.head())?.writers;
    same("both", [writers?.size, writers?.get(other.id)], [2, second.commit]);
  });
}

/** Values that DynamoDB's own types can't hold, or only almost. */
const values: Readonly<Record<string, JsonValue>> = {
  ...{ null: null, true: true, zero: 0, "-0.1": -0.1, "1e300": 1e300, tiny: 5e-324, "2^53": 2 ** 53, empty: "" },
  ...{ text: "é中😀\u0000", list: [], map: {}, nested: [1, [2, { "": "x", "a/b~c": null }]] },
  names: JSON.parse('{"__proto__":1,"constructor":{"prototype":2},"":3}'),
  deep: Array.from({ length: 60 }).reduce<JsonValue>((inner) => [inner], "bottom"),
};

function describeValues(test: Test): void {
  test("every JSON value comes back as it went", async (scene) => {
    await scene.put(values);
    same("values", valuesOf((await scene.pull(0)).records), values);
    same("listed", valuesOf((await scene.list()).records), values);
  });

  test("every key comes back as it went", async (scene) => {
    const names = ["/", "~", "#", " ", "é", "😀", "\u0001", "a/b/c", "~~", "x".repeat(keyBytesMax)];
    await scene.put(Object.fromEntries(names.map((name) => [name, 1])));
    same("pulled", keysOf((await scene.pull(0)).records).toSorted(), names.toSorted());
    same("listed", keysOf((await scene.list()).records).toSorted(), names.toSorted());
  });

  test("a commit takes as many records as a transaction has actions, and the largest value", async (scene) => {
    const names = Array.from({ length: commitRecordsMax }, (_, index) => `k${index}`);
    await scene.put(Object.fromEntries(names.map((name) => [name, 1])));
    const largest = "x".repeat(valueBytesMax - 10);
    await scene.put({ [`${"k".repeat(keyBytesMax)}`]: largest });
    const { records, head } = await scene.pull(0);
    same("records", records.length, names.length + 1);
    addsUp(head, records);
  });
}

function describeDeletion(test: Test): void {
  test("S-11: a deletion lifts the floor, and the next commit makes the dataset again above it", async (scene) => {
    await scene.put({ a: 1, b: 1 });
    await scene.land(scene.device.deletion());
    const deleted = await scene.head();
    same("deleted", [deleted?.deleted, deleted?.floor, deleted?.syncCount, deleted?.recordCount], [true, 2, 2, 0]);
    await scene.put({ a: 2 });
    const { head, records } = await scene.pull(2);
    same("made again", [valuesOf(records), head?.deleted, head?.floor], [{ a: 2 }, false, 2]);
    addsUp(head, records);
  });

  test("S-11: a sweep takes out what is at or under the floor, and nothing else", async (scene) => {
    await scene.put({ a: 1, b: 1 });
    await scene.put({ c: undefined, d: 1 });
    await scene.land(scene.device.deletion());
    await scene.put({ a: 2 });
    const head = await scene.head();
    if (!head) throw new Error("the head is gone");
    for (let pages = 0; pages < 10; pages += 1) {
      const { done } = await scene.store.sweepPage({ dataset: scene.dataset, floor: head.floor, signal });
      if (done) break;
    }
    same("what is left", valuesOf((await scene.list()).records), { a: 2 });
    await scene.store.markSwept({ dataset: scene.dataset, head, signal });
    same("swept is noted", await scene.head(), { ...plain(head), swept: true });
  });

  test("S-11: that a dataset is swept is not noted in a head that has moved on", async (scene) => {
    await scene.put({ a: 1 });
    await scene.land(scene.device.deletion());
    const head = await scene.head();
    await scene.put({ b: 1 });
    if (head) await scene.store.markSwept({ dataset: scene.dataset, head, signal }).catch(() => {});
    same("swept", (await scene.head())?.swept, false);
  });

  test("S-10: a head alone can be written anew", async (scene) => {
    await scene.put({ a: 1 });
    const repair = { ...scene.device.deletion(), deletion: null, floor: 0 as SyncCount };
    await scene.answers("under S-2's condition", repair, "committed");
    const head = await scene.head();
    same("the head", [head?.syncCount, head?.changed, head?.digest], [2, 0, repair.digest]);
    same("the record stays", valuesOf((await scene.list()).records), { a: 1 });
  });
}

/** Maps are no JSON. */
const plain = (head: Head): object => JSON.parse(JSON.stringify(head));
