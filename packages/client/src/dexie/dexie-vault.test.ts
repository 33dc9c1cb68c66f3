import {
  emptyReplica,
  parseCommitId,
  parseDatasetName,
  parseRecordKey,
  parseSyncCount,
  type LocalRecord,
} from "@holdfast/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Vault } from "../local-store.ts";
import { dexieLocalStore } from "./dexie-local-store.ts";

const notes = parseDatasetName("notes");
const key = parseRecordKey;
let vault: Vault;
let opened = 0;

const pending = (name: string, value: string, order: number): LocalRecord => ({
  key: key(name),
  base: null,
  value,
  modifiedAt: 1,
  schema: 1,
  pending: { order, again: null },
  hold: null,
});

const settled = (name: string, value: string): LocalRecord => ({
  key: key(name),
  base: {
    syncCount: parseSyncCount(7),
    commit: parseCommitId("c".repeat(22)),
    modifiedAt: 5,
    schema: 1,
    content: { type: "live", value },
  },
  value,
  modifiedAt: 5,
  schema: 1,
  pending: null,
  hold: null,
});

const store = (...records: LocalRecord[]): Promise<void> =>
  vault.transact(notes, { type: "keys", keys: [] }, () => ({
    change: { state: emptyReplica, records: new Map(records.map((record) => [record.key, record])) },
    result: undefined,
  }));

describe("a vault in IndexedDB", () => {
  beforeEach(async () => {
    vault = await dexieLocalStore().open(`vault-${(opened += 1)}`, { durability: "relaxed" });
  });
  afterEach(() => vault.close());

  it("has the project's set-up", () => {
    expect(Reflect.get(globalThis, "holdfastTestSetup")).toBe(true);
  });

  it("gives back what was stored, in every form", async () => {
    const held: LocalRecord = { ...pending("h", "x", 3), hold: { type: "conflict", id: "i", base: "old" } };
    await store(pending("a", "1", 2), settled("b", "2"), held, {
      ...settled("d", "3"),
      value: undefined,
      pending: { order: 4, again: "sent" },
    });
    const { records, damaged } = await vault.read(notes, { type: "all" });
    expect(damaged).toEqual([]);
    expect(records.get(key("a"))).toEqual(pending("a", "1", 2));
    expect(records.get(key("b"))).toEqual(settled("b", "2"));
    expect(records.get(key("h"))).toEqual(held);
    expect(records.get(key("d"))?.value).toBeUndefined();
  });

  it("lists the outbox oldest first, without what is held back", async () => {
    const held: LocalRecord = { ...pending("h", "x", 1), hold: { type: "conflict", id: "i", base: undefined } };
    await store(pending("z", "1", 2), pending("a", "2", 9), pending("m", "3", 5), settled("s", "4"), held);
    const { records } = await vault.read(notes, { type: "outbox", limit: 2, keys: [] });
    expect([...records.keys()]).toEqual(["z", "m"]);
    const attention = await vault.read(notes, { type: "attention" });
    expect([...attention.records.keys()]).toEqual(["h"]);
  });

  it("reads ranges in key order and one dataset only", async () => {
    await store(settled("a/1", "1"), settled("a/2", "2"), settled("a😀", "3"), settled("b", "4"));
    await vault.transact(parseDatasetName("notes2"), { type: "all" }, () => ({
      change: { records: new Map([[key("a/9"), settled("a/9", "x")]]) },
      result: undefined,
    }));
    const keysOf = async (range: { prefix?: string; after?: string; limit?: number }): Promise<string[]> =>
      (await vault.readRange(notes, range)).map((record) => record.key);
    expect(await keysOf({})).toEqual(["a/1", "a/2", "a😀", "b"]);
    expect(await keysOf({ prefix: "a" })).toEqual(["a/1", "a/2", "a😀"]);
    expect(await keysOf({ prefix: "a/", after: "a/1" })).toEqual(["a/2"]);
    expect(await keysOf({ after: "a/2", limit: 1 })).toEqual(["a😀"]);
    await store(settled("a\uffff", "5"), settled("a\uffffz", "6"));
    expect(await keysOf({ prefix: "a", after: "a😀" })).toEqual(["a\uffff", "a\uffffz"]);
    expect(await keysOf({ prefix: "a", after: "a\uffffz" })).toEqual([]);
    expect(await keysOf({ prefix: "a\uffff", limit: Number.MAX_SAFE_INTEGER })).toEqual(["a\uffff", "a\uffffz"]);
  });

  it("writes nothing where the decision throws", async () => {
    await store(settled("a", "1"));
    const failing = vault.transact(notes, { type: "all" }, () => {
      throw new RangeError("no");
    });
    await expect(failing).rejects.toThrow();
    expect((await vault.read(notes, { type: "all" })).records.size).toBe(1);
  });

  it("reports a damaged row by its key, and keeps it aside when it is written over", async () => {
    await store(settled("a", "1"), settled("b", "2"));
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(`vault-${opened}`);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error ?? new Error("not opened"));
    });
    const tx = db.transaction("records", "readwrite");
    tx.objectStore("records").put({ d: "notes", k: "a", s: "seven" });
    await new Promise((resolve) => (tx.oncomplete = resolve));
    const view = await vault.read(notes, { type: "all" });
    expect([view.damaged, [...view.records.keys()]]).toEqual([["a"], ["b"]]);
    await vault.transact(notes, { type: "all" }, () => ({
      change: { records: new Map([[key("a"), settled("a", "again")]]) },
      result: undefined,
    }));
    const aside = db.transaction("aside").objectStore("aside").getAll();
    await new Promise((resolve) => (aside.onsuccess = resolve));
    expect(aside.result).toEqual([{ d: "notes", row: { d: "notes", k: "a", s: "seven" } }]);
    db.close();
  });

  it("keeps small values", async () => {
    await vault.updateMeta("replica", () => "abc");
    expect(await vault.updateMeta("replica", (current) => current)).toBe("abc");
    expect(await vault.readMeta("none")).toBeUndefined();
  });
});
