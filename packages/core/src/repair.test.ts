import { describe, expect, it } from "vitest";
import {
  adoptContext,
  commitContext,
  commitOf,
  countOf,
  headOver,
  keyOf,
  liveAt,
  me,
  noon,
  other,
  pendingOf,
  recordsByKey,
  remoteOf,
  removedAt,
  replicaOf,
  settledOf,
  stateAt,
  sure,
  verifiedOf,
} from "../test/samples.ts";
import { planCommit } from "./commit-plan.ts";
import { emptyDigest, parseDigest } from "./digest.ts";
import { repairAfterMs } from "./limits.ts";
import { adoptPull } from "./pull.ts";
import type { RemoteRecord } from "./record.ts";
import { isCloudBehind, planRepair, type Disagreement, type RepairContext } from "./repair.ts";
import { checkpointAt, emptyReplica, type Head } from "./replica.ts";

const a = remoteOf("a", liveAt({ n: 1 }, { count: 1, commit: "one" }));
const b = remoteOf("b", liveAt({ n: 2 }, { count: 2, commit: "two" }));
const c = remoteOf("c", removedAt({ count: 2, commit: "two" }));
const listing = [a, b, c];
const head = headOver(listing, { count: 2, commit: "two", writers: new Map([[other, commitOf("two")]]) });
const wrong: Head = { ...head, digest: parseDigest("00000000deadbeef") };

const context = (rest: Partial<RepairContext> = {}): RepairContext => ({
  ...commitContext("repair"),
  seenBefore: null,
  ...rest,
});

const repair = (of: Head | null, records: readonly RemoteRecord[], rest: Partial<RepairContext> = {}) =>
  planRepair(stateAt(head), of, records, context(rest));

describe("S-10: a head that disagrees with the whole listing", () => {
  it("S-10: is written anew where its last commit was seen whole, tombstones included", () => {
    const { attempt, disagreement } = repair(wrong, listing);
    expect(disagreement).toBe(null);
    expect(attempt).toEqual({
      ...{ commit: commitOf("repair"), writer: me, base: { syncCount: 2, commit: commitOf("two") }, records: [] },
      ...{ digest: head.digest, recordCount: 2, floor: 0, lineage: "lineage", committedAt: noon, deletion: null },
      writers: [[other, commitOf("two")]],
    });
  });

  it("S-10: a wrong record count alone is repaired as well", () => {
    expect(repair({ ...head, recordCount: 7 }, listing).attempt).toMatchObject({ recordCount: 2, digest: head.digest });
  });

  it("S-10: is left alone where it tells the truth", () => {
    expect(repair(head, listing)).toEqual({ attempt: null, disagreement: null });
  });

  it("S-10: is left alone where a record stands above it: a commit is under way", () => {
    const above = remoteOf("d", liveAt(1, { count: 3, commit: "three" }));
    const seenBefore = sure(repair(wrong, [...listing, above]).disagreement);
    expect(repair(wrong, [...listing, above], { seenBefore, now: noon + 2 * repairAfterMs }).attempt).toBe(null);
  });

  it("S-10: where its last commit was not seen whole, only after the same is met again ten minutes later", () => {
    const half = [a, b];
    const first = repair(wrong, half);
    expect(first).toEqual({
      attempt: null,
      disagreement: { headCommit: wrong.commit, digest: headOver(half, { count: 2, commit: 2 }).digest, at: noon },
    });
    const seenBefore = sure(first.disagreement);
    const early = repair(wrong, half, { seenBefore, now: noon + repairAfterMs - 1 });
    expect(early).toEqual({ attempt: null, disagreement: seenBefore });
    expect(repair(wrong, half, { seenBefore, now: noon + repairAfterMs }).attempt).toMatchObject({ recordCount: 2 });
    expect(repairAfterMs).toBe(10 * 60_000);
  });

  it.each<readonly [string, Partial<Disagreement>]>([
    ["head", { headCommit: commitOf("else") }],
    ["listing", { digest: emptyDigest }],
  ])("S-10: the ten minutes start anew with another %s", (_what, change) => {
    const half = [a, b];
    const seenBefore = { ...sure(repair(wrong, half).disagreement), ...change };
    const now = noon + repairAfterMs;
    expect(repair(wrong, half, { seenBefore, now })).toMatchObject({ attempt: null, disagreement: { at: now } });
  });

  it("S-10: records under the floor do not count", () => {
    const floored = { ...wrong, floor: countOf(1) };
    expect(repair(floored, listing).attempt).toMatchObject({
      ...{ floor: 1, recordCount: 1, digest: headOver([b], { count: 2, commit: 2 }).digest },
    });
  });

  it("S-10: after it, the full compare verifies and an attempt made on the old head never lands", () => {
    const state = stateAt(head);
    const edit = pendingOf("a", { n: 9 }, { base: a });
    const attempt = sure(planCommit(sure(state.checkpoint), [edit], commitContext("mine")));
    const repaired = { ...headOver(listing, { count: 3, commit: "repair" }), changed: 0 };
    const records = recordsByKey(edit, settledOf("b", b));
    const outcome = verifiedOf(
      adoptPull({ ...state, attempt }, records, { head: repaired, records: listing, whole: true }, adoptContext),
    );
    expect(outcome.state).toMatchObject({ attempt: null, checkpoint: { syncCount: 3, commit: commitOf("repair") } });
    expect([...outcome.records.keys()]).toEqual(["a"]);
    expect(outcome.records.get(keyOf("a"))?.pending).toEqual({ order: 1, again: "sent" });
  });
});

describe("S-13: records without a head", () => {
  it("S-13: get one above all that is known, with the listing's digest and a new lineage", () => {
    const { attempt } = planRepair(stateAt(head, { lastLanded: commitOf("mine") }), null, listing, context());
    expect(attempt).toMatchObject({
      ...{ base: { syncCount: 2, commit: null }, digest: head.digest, recordCount: 2, lineage: "new-lineage" },
      ...{ records: [], commit: commitOf("repair") },
    });
    expect(new Map(attempt?.writers).get(me)).toBe(commitOf("mine"));
  });

  it.each<readonly [string, readonly RemoteRecord[], number]>([
    ["the highest record", [a, remoteOf("z", removedAt({ count: 8, commit: "eight" }))], 8],
    ["the checkpoint, where all records are below it", [a], 2],
    ["the checkpoint, where nothing is left", [], 2],
  ])("S-13: its count follows %s", (_what, records, highest) => {
    expect(repair(null, records).attempt?.base).toEqual({ syncCount: highest, commit: null });
  });

  it("S-13: and a known floor", () => {
    const floored = { ...checkpointAt(head, []), floor: countOf(40) };
    const state = { ...emptyReplica, checkpoint: floored };
    expect(planRepair(state, null, listing, context()).attempt?.base.syncCount).toBe(40);
  });

  it("S-13: a replica that has never synced may do it, and does not invent a commit of its own", () => {
    const { attempt } = planRepair(emptyReplica, null, listing, context());
    expect(attempt).toMatchObject({ base: { syncCount: 2, commit: null }, writers: [] });
  });

  it("S-13: holds for 200,000 records", () => {
    const many = Array.from({ length: 200_000 }, () => b);
    expect(planRepair(emptyReplica, null, many, context()).attempt?.base.syncCount).toBe(2);
  });
});

const fullWriters = new Map(Array.from({ length: 16 }, (_, n) => [replicaOf(n), commitOf(n)] as const));

describe("S-12: evidence that the cloud went back", () => {
  const state = stateAt({ ...head, writers: new Map([[me, commitOf("mine")]]) }, { lastLanded: commitOf("mine") });
  const later = headOver(listing, { count: 3, commit: "three", writers: new Map([[me, commitOf("mine")]]) });

  it.each<readonly [string, Head]>([
    ["below the checkpoint", headOver([a], { count: 1, commit: "one" })],
    ["as high as the checkpoint, with another commit", { ...head, commit: commitOf("else") }],
    ["that lists no commit of this replica's, though one landed", { ...later, writers: new Map() }],
    ["of another lineage", { ...later, lineage: "another" }],
    ["that lists a commit of this replica's that it never made", { ...later, writers: new Map([[me, commitOf("x")]]) }],
  ])("S-12: a head %s", (_what, read) => {
    expect(isCloudBehind(state, read, me)).toBe(true);
  });

  it.each<readonly [string, Head]>([
    ["the checkpoint's own", { ...head, writers: later.writers }],
    ["a later one", later],
    ["a later one that lists 16 other writers since", { ...later, writers: fullWriters }],
    ["one with a risen floor", { ...later, floor: countOf(3), deleted: true }],
  ])("S-12: none is %s", (_what, read) => {
    expect(isCloudBehind(state, read, me)).toBe(false);
  });

  it("S-12: the open attempt's commit is none: its answer was lost", () => {
    const attempt = sure(planCommit(checkpointAt(head, []), [pendingOf("a", 1)], commitContext("sent")));
    const landed = { ...later, writers: new Map([[me, attempt.commit]]) };
    expect(isCloudBehind({ ...state, attempt }, landed, me)).toBe(false);
    expect(isCloudBehind(state, landed, me)).toBe(true);
  });

  it("S-12: a replica without a checkpoint has nothing to compare", () => {
    expect(isCloudBehind(emptyReplica, later, replicaOf("new"))).toBe(false);
    expect(isCloudBehind(stateAt(head), later, replicaOf("new"))).toBe(false);
  });
});
