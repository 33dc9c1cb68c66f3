// What every local store must do: each method one whole transaction, and nothing of a transaction that failed.
import {
  emptyReplica,
  parseCommitId,
  parseDatasetName,
  parseRecordKey,
  parseSyncCount,
  type Change,
  type ConflictRecord,
  type JsonValue,
  type LocalRecord,
  type Pending,
  type Selection,
  type Version,
} from "@holdfast/core";
import type { LocalStore } from "../api.ts";
import type { Vault } from "../local-store.ts";
import { asStorage } from "../ports.ts";
import { rejects, runner, same } from "./contract.ts";

const notes = parseDatasetName("notes");
const other = parseDatasetName("other");
const key = parseRecordKey;
const group = (...sealed: readonly number[]): Pending["group"] => ({
  sealed: sealed.map((order) => ({ order, value: order, modifiedAt: 1, schema: 1 })),
});

const versionOf = (value: JsonValue): Version => ({
  ...{ syncCount: parseSyncCount(7), commit: parseCommitId("c".repeat(22)), modifiedAt: 5, schema: 1 },
  content: { type: "live", value },
});

const settled = (name: string, value: JsonValue = 1): LocalRecord => ({
  ...{ key: key(name), base: versionOf(value), value, modifiedAt: 5, schema: 1, pending: null, hold: null },
});

const pending = (name: string, order: number, rest: Partial<LocalRecord> = {}): LocalRecord => ({
  ...{ key: key(name), base: null, value: order, modifiedAt: 1, schema: 1, hold: null },
  pending: { order, again: null },
  ...rest,
});

const held = { hold: { type: "group", key: key("x") } } as const;

const store = (vault: Vault, records: readonly LocalRecord[], change: Change = {}, dataset = notes): Promise<void> =>
  vault.transact(dataset, { type: "keys", keys: [] }, () => ({
    change: { state: emptyReplica, records: new Map(records.map((record) => [record.key, record])), ...change },
    result: undefined,
  }));

const keysRead = async (vault: Vault, selection: Selection): Promise<readonly string[]> =>
  [...(await vault.read(notes, selection)).records.keys()].toSorted();

type Test = (name: string, run: (vault: Vault, again: () => Promise<Vault>) => Promise<void>) => void;

/**
 * The suite of tests. Each opens databases with names of its own, and deletes them. Give `describe` and `it` as globals.
 * @throws SyncError `internal` where the test runner gives none
 */
export function localStoreContract(open: () => LocalStore): void {
  const { describe, it } = runner();
  const test: Test = (name, run) =>
    it(name, async () => {
      const storage = asStorage(open());
      const database = `contract-${crypto.randomUUID()}`;
      const vaults: Vault[] = [];
      const again = async (): Promise<Vault> => {
        const vault = await storage.open(database, { durability: "relaxed" });
        vaults.push(vault);
        return vault;
      };
      try {
        await run(await again(), again);
      } finally {
        await Promise.all(vaults.map((vault) => vault.close()));
        await storage.delete(database);
      }
    });
  describe("a local store", () => {
    describeTransactions(test);
    describeSelections(test);
  });
}

function describeTransactions(test: Test): void {
  test("gives back what was stored, in every form, to all who have it open", async (vault, again) => {
    const records = [
      ...[settled("a", { x: [1, null] }), pending("b", 1), pending("c", 2, { value: undefined, base: versionOf(1) })],
      pending("d", 3, { hold: { type: "conflict", id: "id", base: { n: 1 } } }),
      pending("e", 4, { hold: { type: "rejected", id: "id", error: { code: "invalid-value", message: "no" }, at: 9 } }),
      pending("f", 9, { pending: { order: 9, again: "reoffered", group: group(5, 7) }, ...held }),
      {
        ...settled("g"),
        base: {
          ...versionOf(1),
          content: { type: "unreadable", error: { code: "format-too-new", message: "new" }, item: { x: 1 } },
        },
        value: undefined,
      },
    ] satisfies readonly LocalRecord[];
    await store(vault, records);
    for (const from of [vault, await again()]) {
      const view = await from.read(notes, { type: "all" });
      for (const record of records) same(record.key, view.records.get(record.key), record);
      same("number", view.records.size, records.length);
      same("state", view.state, emptyReplica);
    }
  });

  test("stores all of a change, or nothing where the decision fails", async (vault) => {
    await store(vault, [settled("a")]);
    const failure = new Error("no");
    const failing = vault.transact(notes, { type: "all" }, () => {
      throw failure;
    });
    await rejects("the decision", failing, failure);
    same("records", await keysRead(vault, { type: "all" }), ["a"]);
    const result = await vault.transact(notes, { type: "keys", keys: [key("a")] }, ({ records }) => ({
      change: { records: new Map([[key("a"), null] as const, [key("b"), settled("b")] as const]) },
      result: records.size,
    }));
    same("result", result, 1);
    same("records", await keysRead(vault, { type: "all" }), ["b"]);
  });

  test("runs transactions one after the other, each upon what the one before left", async (vault, again) => {
    const second = await again();
    await store(vault, [pending("n", 0)]);
    const count = (on: Vault): Promise<void> =>
      on.transact(notes, { type: "keys", keys: [key("n")] }, ({ records }) => ({
        change: { records: new Map([[key("n"), pending("n", Number(records.get(key("n"))?.value) + 1)]]) },
        result: undefined,
      }));
    await Promise.all(Array.from({ length: 20 }, (_, index) => count(index % 2 === 0 ? vault : second)));
    same("count", (await vault.read(notes, { type: "all" })).records.get(key("n"))?.value, 20);
  });

  test("keeps datasets apart", async (vault) => {
    await store(vault, [settled("a")]);
    await store(vault, [settled("b"), pending("c", 1)], {}, other);
    same("notes", await keysRead(vault, { type: "all" }), ["a"]);
    same("names", (await vault.summaries()).map(({ dataset }) => dataset).toSorted(), ["notes", "other"]);
    const summary = await vault.summarize(other);
    same("in numbers", [summary.records, summary.outbox, summary.attention.length], [2, 1, 0]);
    same("of none", (await vault.summarize(parseDatasetName("none"))).records, 0);
  });

  test("keeps conflicts and small values until they are removed", async (vault, again) => {
    const conflict: ConflictRecord = {
      ...{ id: "id", dataset: notes, key: "a", kind: "record", state: "open", reason: "why", at: 1 },
      ...{ base: undefined, local: 1, remote: 2, result: undefined, localPatch: [], remotePatch: [], clashes: [""] },
      ...{ localModifiedAt: 1, remoteModifiedAt: 2 },
    };
    await store(vault, [], { conflicts: [conflict] });
    same("conflicts", await (await again()).conflicts(), [conflict]);
    await store(vault, [], { removedConflicts: ["id"] });
    same("removed", await vault.conflicts(), []);
    same("set", await vault.updateMeta("name", () => ({ a: 1 })), { a: 1 });
    same("kept", await (await again()).readMeta("name"), { a: 1 });
    await vault.updateMeta("name", () => undefined);
    same("gone", await vault.readMeta("name"), null);
  });

  test("reads ranges in the order of keys, by code units", async (vault) => {
    const names = ["a", "a/1", "a/2", "b", "é", "\uffff", "😀"];
    await store(
      vault,
      names.map((name) => settled(name)),
    );
    const range = async (request: Parameters<Vault["readRange"]>[1]) =>
      (await vault.readRange(notes, request)).map((record) => record.key);
    same("all", await range({}), names.toSorted());
    same("prefix", await range({ prefix: "a/" }), ["a/1", "a/2"]);
    same("after", await range({ after: "a/1", limit: 2 }), ["a/2", "b"]);
    same("after the prefix", await range({ prefix: "a", after: "b" }), []);
  });
}

function describeSelections(test: Test): void {
  test("selects what may go up, oldest first, and what needs attention", async (vault) => {
    await store(vault, [
      ...[settled("s"), pending("p3", 3), pending("p1", 1), pending("p2", 2)],
      pending("h", 0, { hold: { type: "conflict", id: "id", base: undefined } }),
    ]);
    same("two", await keysRead(vault, { type: "outbox", limit: 2, keys: [] }), ["p1", "p2"]);
    same("with keys", await keysRead(vault, { type: "outbox", limit: 1, keys: [key("s")] }), ["p1", "s"]);
    same("attention", await keysRead(vault, { type: "attention" }), ["h"]);
    const { outbox, attention } = await vault.summarize(notes);
    same("in numbers", [outbox, attention.length], [3, 1]);
    same("how far", (await vault.read(notes, { type: "outbox", limit: 2, keys: [] })).horizon, 2);
  });

  test("S-16: selects groups whole", async (vault) => {
    const of = (order: number, ...sealed: readonly number[]): Partial<LocalRecord> => ({
      pending: { order, again: null, group: group(...sealed) },
    });
    await store(vault, [
      ...[pending("a", 1), pending("b", 2, of(2)), pending("c", 2, of(2)), pending("d", 5, of(5, 2))],
      ...[pending("e", 5, of(5)), pending("f", 7, of(7, 5)), pending("g", 9, of(9))],
    ]);
    same("outbox", await keysRead(vault, { type: "outbox", limit: 2, keys: [] }), ["a", "b", "c", "d"]);
    same("what is next", await keysRead(vault, { type: "outbox", limit: 1, keys: [key("d")] }), ["a", "d", "e", "f"]);
    same("none", await keysRead(vault, { type: "keys", keys: [key("d")], groups: "none" }), ["d"]);
    same("the newest", await keysRead(vault, { type: "keys", keys: [key("b")], groups: "newest" }), ["b", "c", "d"]);
    same("all", await keysRead(vault, { type: "keys", keys: [key("b")] }), ["b", "c", "d", "e", "f"]);
    same("closed", (await vault.read(notes, { type: "keys", keys: [key("b")] })).isClosed, true);
  });
}
