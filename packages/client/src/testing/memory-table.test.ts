// The hostile table: each fault shows, is repeatable, and leaves the table as strict as it is.
import { describe, expect, it } from "vitest";
import {
  parseCommitId,
  parseDatasetName,
  parseRecordKey,
  planCommit,
  emptyCheckpoint,
  isSyncError,
} from "@holdfast/core";
import type { Attempt, JsonValue } from "@holdfast/core";
import type { Page } from "../remote-store.ts";
import { cloudFaults, Hostility, type CloudFault } from "./hostility.ts";
import { MemoryTable } from "./memory-table.ts";
import { parseReplicaId } from "@holdfast/core";

const dataset = parseDatasetName("notes");
const { signal } = new AbortController();
const since = emptyCheckpoint.syncCount;

const hostile = (faults: readonly CloudFault[], rate = 0.5, seed = 1): MemoryTable =>
  new MemoryTable(new Hostility({ faults, seed, rate }));

function attemptOf(number: number, values: Readonly<Record<string, JsonValue | undefined>>): Attempt {
  const records = Object.entries(values).map(([name, value], order) => {
    const pending = { order, again: null };
    return { key: parseRecordKey(name), base: null, value, modifiedAt: 1, schema: 1, pending, hold: null };
  });
  const commit = parseCommitId(String(number).padStart(22, "c"));
  const attempt = planCommit(emptyCheckpoint, records, {
    ...{ commit, replica: parseReplicaId("replica1"), newLineage: "lineage", now: 1 },
  });
  if (!attempt) throw new Error("nothing to commit");
  return attempt;
}

async function pulled(table: MemoryTable): Promise<{ pages: Page[]; names: string[]; head: string | null }> {
  const pages: Page[] = [];
  let cursor: unknown = null;
  do {
    const page = await table.pullPage({ dataset, since, cursor, signal });
    pages.push(page);
    ({ cursor } = page);
  } while (cursor !== null);
  const names = pages.flatMap(({ records }) => records.map(({ key }) => String(key)));
  return { pages, names, head: pages.at(-1)?.head?.commit ?? null };
}

describe("a hostile table", () => {
  it("shows the items of a landing commit one by one, the head at any time, and all once it was answered", async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 20; seed += 1) {
      const table = hostile(["half-seen"], 1, seed);
      table.turn = async () => {
        const { names, head } = await pulled(table);
        seen.add(`${names.length} records, ${head ? "head" : "no head"}`);
      };
      await table.commit({ dataset, attempt: attemptOf(1, { a: 1, b: 2 }), signal });
      expect(await pulled(table)).toMatchObject({ names: ["a", "b"], head: attemptOf(1, { a: 1 }).commit });
    }
    expect([...seen].sort()).toEqual([
      "0 records, head",
      "0 records, no head",
      "1 records, head",
      "1 records, no head",
      "2 records, head",
      "2 records, no head",
    ]);
  });

  it("reads pages of any size, and empty ones after which others follow, without losing anything", async () => {
    const table = hostile(["pages", "empty-pages"]);
    const names = Array.from({ length: 20 }, (_, index) => `k${String(index).padStart(2, "0")}`);
    await table.commit({ dataset, attempt: attemptOf(1, Object.fromEntries(names.map((name) => [name, 1]))), signal });
    const read = await pulled(table);
    expect(read.names).toEqual(names);
    const sizes = read.pages.map(({ records }) => records.length);
    expect([Math.min(...sizes), Math.max(...sizes)]).toEqual([0, 4]);
  });

  it("gives the names of an object in another order", async () => {
    const table = hostile(["key-order"], 1);
    await table.commit({ dataset, attempt: attemptOf(1, { a: { x: 1, y: { p: 1, q: 2 } } }), signal });
    const [record] = (await pulled(table)).pages[0]?.records ?? [];
    expect(JSON.stringify(record?.content)).toContain('{"y":{"q":2,"p":1},"x":1}');
  });

  it("loses requests and answers, throttles and cancels, and never says what it does not know", async () => {
    const outcomes = new Map<string, number>();
    for (let seed = 1; seed <= 40; seed += 1) {
      const table = hostile(["lost-request", "lost-answer", "throttled", "conflict"], 0.3, seed);
      const outcome = await table.commit({ dataset, attempt: attemptOf(1, { a: 1 }), signal });
      const isApplied = table.table(dataset).head !== null;
      const error = "error" in outcome ? outcome.error.code : "none";
      const name = `${outcome.type}, ${error}, ${isApplied ? "applied" : "not applied"}`;
      outcomes.set(name, (outcomes.get(name) ?? 0) + 1);
    }
    expect([...outcomes.keys()].sort()).toEqual([
      "committed, none, applied",
      "unclear, cloud-unavailable, applied",
      "unclear, cloud-unavailable, not applied",
      "unclear, throttled, not applied",
    ]);
  });

  it("fails reads as well", async () => {
    const table = hostile(["lost-request", "throttled"], 0.4);
    const codes = new Set<string>();
    for (let read = 0; read < 40; read += 1) {
      await table.readHead({ dataset, signal }).then(
        () => codes.add("none"),
        (error: unknown) => codes.add(isSyncError(error) ? error.code : "foreign"),
      );
    }
    expect([...codes].sort()).toEqual(["cloud-unavailable", "none", "throttled"]);
  });

  it("delivers a request once more, when only its conditions protect: nothing is applied twice", async () => {
    const table = hostile(["late-duplicate"], 1);
    let applied = 0;
    table.onCommit = () => (applied += 1);
    await table.commit({ dataset, attempt: attemptOf(1, { a: 1 }), signal });
    await table.commit({ dataset, attempt: attemptOf(2, { a: 2 }), signal });
    expect([applied, table.values(dataset)]).toEqual([1, { a: 1 }]);
  });

  it("forgets notes of removed records", async () => {
    const table = hostile(["expired-tombstones"], 1);
    await table.commit({ dataset, attempt: attemptOf(1, { a: undefined, b: 1 }), signal });
    expect((await pulled(table)).names).toEqual(["b"]);
  });

  it("does the same with the same seed, and nothing without faults", async () => {
    const story = async (faults: readonly CloudFault[], seed: number): Promise<string> => {
      const table = hostile(faults, 0.3, seed);
      const told: string[] = [];
      for (let number = 1; number <= 30; number += 1) {
        const outcome = await table.commit({ dataset, attempt: attemptOf(number, { a: number }), signal });
        told.push(outcome.type);
      }
      return told.join(" ");
    };
    expect(await story(cloudFaults, 7)).toBe(await story(cloudFaults, 7));
    expect(await story(cloudFaults, 7)).not.toBe(await story(cloudFaults, 8));
    expect(await story([], 7)).toBe(`committed${" stale".repeat(29)}`);
  });
});
