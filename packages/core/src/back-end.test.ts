import { describe, expect, it } from "vitest";
import { noon } from "../test/samples.ts";
import { buildCommit, hasLanded, headItemKey, readRecordItem, recordItemKey, type BackEndCommit } from "./back-end.ts";
import { DigestSum } from "./digest.ts";
import { parseCommitId, parseRecordKey, parseSyncCount } from "./ids.ts";
import { commitRecordsMax } from "./limits.ts";
import { isSyncError, type SyncErrorCode } from "./sync-error.ts";
import type { AttributeValue, WireItem } from "./wire/attribute-value.ts";
import type { CommitRequest } from "./wire/commit-request.ts";

const options: BackEndCommit = {
  ...{ tableName: "table", identityId: "eu-west-1:1", dataset: "notes", now: noon },
  ...{ commitId: "cccccccccccccccccccccc", writerId: "back-end" },
};
const fails = (work: () => unknown, code: SyncErrorCode) =>
  expect(work).toThrow(expect.toSatisfy((error: unknown) => isSyncError(error, code)));

/** What a request leaves in the table. */
function applied(
  request: CommitRequest | null,
  head: WireItem | undefined,
): { readonly head: WireItem; readonly records: readonly Record<string, AttributeValue>[] } {
  const [update, ...puts] = request?.TransactItems ?? [];
  const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = update?.Update ?? {};
  const set = Object.entries(names).flatMap(([alias, name]) => {
    const value = values[`:${alias.slice(1)}`];
    return value ? [[name, value] as const] : [];
  });
  return { head: { ...head, ...Object.fromEntries(set) }, records: puts.flatMap(({ Put }) => (Put ? [Put.Item] : [])) };
}

const first = applied(
  buildCommit(
    undefined,
    [],
    [
      ["a", { n: 1 }],
      ["b", [2]],
    ],
    options,
  ),
  undefined,
);
const [a, b] = first.records;
const second = (
  changes: readonly (readonly [string, unknown])[],
  records: readonly (WireItem | undefined)[] = [a, b],
) => buildCommit(first.head, records, changes, { ...options, commitId: "dddddddddddddddddddddd" });

describe("S-20: buildCommit", () => {
  it("makes the dataset with its first commit", () => {
    const sum = new DigestSum();
    const version = { syncCount: parseSyncCount(1), commit: parseCommitId(options.commitId) };
    for (const key of ["a", "b"]) sum.add({ key: parseRecordKey(key), ...version });
    expect(first.head).toMatchObject({
      ...{ syncCount: { N: "1" }, digest: { S: sum.digest }, recordCount: { N: "2" }, changed: { N: "2" } },
      ...{ lineage: { S: options.commitId }, writers: { M: { "back-end": { S: options.commitId } } } },
    });
    expect(readRecordItem(first.head, a, "notes")).toEqual({ n: 1 });
    expect(hasLanded(first.head, options)).toBe(true);
    expect(hasLanded(first.head, { ...options, commitId: "dddddddddddddddddddddd" })).toBe(false);
    expect(hasLanded(undefined, options)).toBe(false);
  });

  it("changes, removes and adds under the conditions of S-2 and S-3", () => {
    const request = second([
      ["a", { n: 2 }],
      ["b", undefined],
      ["c", 3],
    ]);
    expect(request?.ClientRequestToken).toBe("dddddddddddddddddddddd");
    expect(request?.TransactItems.map(({ Update, Put }) => (Update ?? Put)?.ConditionExpression)).toEqual([
      "#syncCount = :checkpoint AND #commit = :checkpointCommit",
      "#syncCount = :base AND #commit = :baseCommit",
      "#syncCount = :base AND #commit = :baseCommit",
      "attribute_not_exists(#path) OR #deleted = :true OR #syncCount <= :floor",
    ]);
    const { head, records } = applied(request, first.head);
    expect(head).toMatchObject({ syncCount: { N: "2" }, recordCount: { N: "2" }, lineage: { S: options.commitId } });
    expect(records.map((item) => readRecordItem(head, item, "notes"))).toEqual([{ n: 2 }, undefined, 3]);
    // S-17: later than what it is built on.
    expect(records[0]?.["modifiedAt"]).toEqual({ N: String(noon + 1) });
  });

  it("is nothing where nothing changes, and the last of two changes of one record counts", () => {
    expect(
      second([
        ["a", { n: 1 }],
        ["nothing", undefined],
      ]),
    ).toBe(null);
    expect(
      second([
        ["a", 5],
        ["a", { n: 1 }],
      ]),
    ).toBe(null);
  });

  it("refuses what would break something", () => {
    fails(() => second([["", 1]]), "invalid-key");
    fails(() => second([["a", Number.NaN]]), "invalid-value");
    fails(() => second([["a", "x".repeat(300_000)]]), "value-too-large");
    fails(
      () => second(Array.from({ length: commitRecordsMax + 1 }, (_, at) => [`k${at}`, at])),
      "transaction-too-large",
    );
    fails(() => buildCommit(undefined, [a], [["a", 1]], options), "cloud-misconfigured");
    fails(() => buildCommit({ ...first.head, format: { N: "9" } }, [a], [["a", 1]], options), "format-too-new");
    fails(() => second([["a", 1]], [{ ...a, format: { N: "9" } }]), "format-too-new");
    fails(() => second([["a", 1]], [{ ...a, commit: { N: "9" } }]), "internal");
    fails(() => buildCommit({ ...first.head, digest: { S: "no" } }, [a], [["a", 1]], options), "internal");
    fails(() => buildCommit(undefined, [], [["a", 1]], { ...options, commitId: "short" }), "internal");
    fails(() => buildCommit(undefined, [], [["a", 1]], { ...options, writerId: "a writer" }), "internal");
    fails(() => buildCommit(undefined, [], [["a", 1]], { ...options, dataset: "no/name" }), "invalid-name");
  });

  it("knows the table's keys", () => {
    const identity: AttributeValue = { S: "eu-west-1:1" };
    expect(recordItemKey(options, "a/b")).toEqual({ identity, path: { S: "record/notes/a/b" } });
    expect(headItemKey(options)).toEqual({ identity, path: { S: "head/notes" } });
  });

  it("S-11: what is under the floor does not exist", () => {
    const head = { ...first.head, floor: { N: "1" } };
    expect(readRecordItem(head, a, "notes")).toBeUndefined();
    const request = buildCommit(head, [a], [["a", 1]], { ...options, commitId: "dddddddddddddddddddddd" });
    expect(request?.TransactItems[1]?.Put?.ConditionExpression).toMatch(/^attribute_not_exists/);
  });
});
