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
  unreadableAt,
  verifiedOf,
} from "../test/samples.ts";
import { acknowledgeCommit, planCommit, rejectRecords, writersAfter } from "./commit-plan.ts";
import { DigestSum } from "./digest.ts";
import { clockAheadMsMax, commitBytesMax, commitRecordsMax, headWritersMax, valueBytesMax } from "./limits.ts";
import { adoptPull } from "./pull.ts";
import type { LocalRecord } from "./record.ts";
import { checkpointAt, emptyCheckpoint, type Attempt, type ReplicaState, type Writers } from "./replica.ts";
import type { SyncErrorInfo } from "./sync-error.ts";

const base = liveAt({ n: 1 }, { count: 3, commit: "three" });
const cloud = [remoteOf("k", base), remoteOf("x", liveAt({ x: 1 }, { count: 2, commit: "two" }))];
const head = headOver(cloud, { count: 3, commit: "three", writers: new Map([[other, commitOf("three")]]) });
const checkpoint = checkpointAt(head, []);

const plan = (pending: readonly LocalRecord[], context = commitContext("four")): Attempt | null =>
  planCommit(checkpoint, pending, context);

const manyPending = (count: number, value: (n: number) => string): LocalRecord[] =>
  Array.from({ length: count }, (_, n) =>
    pendingOf(`k${String(n).padStart(4, "0")}`, value(n), { pending: { order: n, again: null } }),
  );

describe("S-2: what goes into a commit", () => {
  it("S-2: nothing pending makes no commit", () => {
    expect(plan([])).toBe(null);
    expect(plan([settledOf("k", base)])).toBe(null);
  });

  it("S-2: at most 99 records, the oldest first", () => {
    const attempt = sure(plan(manyPending(250, () => "v")));
    expect(attempt.records).toHaveLength(commitRecordsMax);
    expect(commitRecordsMax).toBe(99);
    expect(attempt.records[0]?.key).toBe("k0000");
    expect(attempt.records.at(-1)?.key).toBe("k0098");
  });

  it("S-2: at most 3.5 MB", () => {
    const valueBytes = 100_000;
    const attempt = sure(plan(manyPending(60, () => "v".repeat(valueBytes))));
    const bytes = attempt.records.length * valueBytes;
    expect(bytes).toBeLessThanOrEqual(commitBytesMax);
    expect(bytes).toBeGreaterThan(commitBytesMax - 2 * valueBytes);
    expect(commitBytesMax).toBe(3_500_000);
  });

  it("S-2: sizes are bytes, not characters", () => {
    const attempt = sure(plan(manyPending(60, () => "中".repeat(50_000))));
    expect(attempt.records.length * 150_000).toBeLessThanOrEqual(commitBytesMax);
  });

  it("S-2: a large record waits with all that is younger; the next commit takes it", () => {
    const pending = manyPending(30, (n) => (n === 18 ? "v" : "v".repeat(valueBytesMax)));
    const first = sure(plan(pending));
    expect(first.records.map(({ key }) => key)).toEqual(pending.slice(0, first.records.length).map(({ key }) => key));
    expect(sure(plan(pending.slice(first.records.length))).records[0]?.key).toBe(pending[first.records.length]?.key);
  });

  it("S-14: fewer records while a refused one is being singled out", () => {
    const context = commitContext("four", { recordsMax: 1 });
    expect(
      plan(
        manyPending(3, () => "v"),
        context,
      )?.records.map(({ key }) => key),
    ).toEqual(["k0000"]);
  });

  it("S-14, S-19: what is held back or can't be read does not go up, and stops nothing else", () => {
    const error: SyncErrorInfo = { code: "invalid-value", message: "Refused." };
    const attempt = plan([
      pendingOf("a", 1, { hold: { type: "rejected", id: "r", error, at: noon } }),
      pendingOf("b", 1, { hold: { type: "conflict", id: "c", base: undefined } }),
      pendingOf("c", 1, { base: unreadableAt({ count: 1, commit: "one" }) }),
      pendingOf("d", 1),
    ]);
    expect(attempt?.records.map(({ key }) => key)).toEqual(["d"]);
  });

  it("S-17: a time beyond the cloud's time + 5 minutes is cut, as the clock may have been put right since", () => {
    const attempt = plan([pendingOf("k", 1, { modifiedAt: noon + 86_400_000 }), pendingOf("l", 1, { modifiedAt: 5 })]);
    expect(attempt?.records.map(({ modifiedAt }) => modifiedAt)).toEqual([noon + clockAheadMsMax, 5]);
  });

  it("S-4: what was sent and never landed goes up again, also where it equals its base", () => {
    const again = pendingOf("k", { n: 1 }, { base, pending: { order: 1, again: "sent" } });
    expect(plan([again])?.records).toHaveLength(1);
  });
});

describe("S-3: what each record may replace", () => {
  const baseOf = (record: LocalRecord) => sure(plan([record])?.records[0]).base;

  it("S-3: a live base is named by count and commit, for a removal too", () => {
    const named = { syncCount: 3, commit: commitOf("three") };
    expect(baseOf(pendingOf("k", { n: 2 }, { base }))).toEqual(named);
    expect(baseOf(pendingOf("k", undefined, { base }))).toEqual(named);
  });

  it("S-3: an absent base names nothing", () => {
    expect(baseOf(pendingOf("new", 1))).toBe(null);
  });

  it("S-3: a tombstone names nothing: it may have expired", () => {
    expect(baseOf(pendingOf("k", 1, { base: removedAt({ count: 3, commit: "three" }) }))).toBe(null);
  });

  it("S-3: a base under the floor names nothing, and counts in no digest", () => {
    const deleted = headOver([], { count: 5, commit: "five", floor: 5, deleted: true });
    const records = recordsByKey(pendingOf("k", { n: 2 }, { base }), settledOf("x", sure(cloud[1])));
    const adopted = verifiedOf(
      adoptPull(stateAt(head), records, { head: deleted, records: [], whole: false }, adoptContext),
    );
    const recreated = sure(adopted.records.get(keyOf("k")));
    const attempt = sure(planCommit(sure(adopted.state.checkpoint), [recreated], commitContext("six")));
    expect(attempt.records[0]?.base).toBe(null);
    expect([attempt.floor, attempt.recordCount, attempt.base.syncCount]).toEqual([5, 1, 5]);
    const sum = new DigestSum();
    sum.add({ key: keyOf("k"), syncCount: countOf(6), commit: commitOf("six") });
    expect(attempt.digest).toBe(sum.digest);
  });
});

describe("S-5: the attempt", () => {
  const edits = [
    pendingOf("k", { n: 2 }, { base }),
    pendingOf("new", 1),
    pendingOf("x", undefined, { base: sure(cloud[1]) }),
    pendingOf("never", undefined),
  ];

  it("S-5: holds all that the request says", () => {
    const attempt = sure(plan(edits));
    expect(attempt).toMatchObject({
      ...{ commit: commitOf("four"), writer: me, base: { syncCount: 3, commit: commitOf("three") } },
      ...{ floor: 0, lineage: "lineage", committedAt: noon, deletion: null },
    });
    expect(attempt.records.map(({ key, value }) => [key, value])).toEqual([
      ["k", { n: 2 }],
      ["new", 1],
      ["x", undefined],
      ["never", undefined],
    ]);
    expect(attempt.writers).toEqual([
      [other, commitOf("three")],
      [me, commitOf("four")],
    ]);
  });

  it("S-1, S-2: its digest and record count are those of what the cloud will hold", () => {
    const attempt = sure(plan(edits));
    const at = { count: 4, commit: "four" };
    const after = headOver([remoteOf("k", liveAt({ n: 2 }, at)), remoteOf("new", liveAt(1, at))], at);
    expect([attempt.digest, attempt.recordCount]).toEqual([after.digest, after.recordCount]);
  });

  it("S-2: the first commit makes the dataset, with a lineage of its own", () => {
    const attempt = sure(planCommit(emptyCheckpoint, [pendingOf("k", 1)], commitContext("one")));
    expect(attempt).toMatchObject({
      ...{ base: { syncCount: 0, commit: null }, floor: 0, lineage: "new-lineage", recordCount: 1 },
      writers: [[me, commitOf("one")]],
    });
  });

  it("S-5: the same inputs make the same attempt, and stay untouched", () => {
    const before = structuredClone(edits);
    expect(plan(edits)).toEqual(plan(edits));
    expect(edits).toEqual(before);
  });
});

describe("acknowledgeCommit", () => {
  function acknowledged(...now: readonly LocalRecord[]) {
    const sent = [pendingOf("k", { n: 2 }, { base }), pendingOf("new", 1), pendingOf("x", undefined, { base })];
    const attempt = sure(plan(sent));
    const state: ReplicaState = stateAt(head, { attempt, nextOrder: 9 });
    const records = recordsByKey(...sent, ...now);
    return { attempt, ...acknowledgeCommit(state, attempt, ({ key }) => records.get(key)) };
  }

  it("S-5: ends the attempt, and the checkpoint is the attempt's head", () => {
    const { state, attempt } = acknowledged();
    expect(state).toMatchObject({ attempt: null, lastLanded: attempt.commit, nextOrder: 9 });
    const { digest, recordCount, floor, lineage, writers, committedAt, commit } = attempt;
    expect(state.checkpoint).toEqual({
      ...{ syncCount: 4, commit, digest, recordCount, floor, lineage, writers, committedAt },
    });
  });

  it("S-6: bases are what was sent; nothing is pending, nothing is kept of what was removed", () => {
    const { records } = acknowledged();
    const landed = liveAt({ n: 2 }, { count: 4, commit: "four" });
    expect(records.get(keyOf("k"))).toEqual(settledOf("k", landed));
    expect(records.get(keyOf("new"))?.base?.commit).toBe(commitOf("four"));
    expect(records.get(keyOf("x"))).toBe(null);
  });

  it("C29, S-6: what was edited meanwhile stays pending upon what was sent", () => {
    const { records } = acknowledged(
      pendingOf("k", { n: 4 }, { base, modifiedAt: noon + 9, pending: { order: 1, again: "sent" } }),
    );
    expect(records.get(keyOf("k"))).toMatchObject({
      ...{ base: { syncCount: 4, commit: commitOf("four"), content: { type: "live", value: { n: 2 } } } },
      ...{ value: { n: 4 }, modifiedAt: noon + 9, pending: { order: 1, again: null } },
    });
  });

  it("S-4, S-6: an edit taken back while it was sent is an edit of what landed", () => {
    const record = acknowledged(pendingOf("k", { n: 1 }, { base })).records.get(keyOf("k"));
    expect(record).toMatchObject({ value: { n: 1 }, base: { content: { value: { n: 2 } } }, pending: { order: 1 } });
  });

  it("S-4, S-6: a removal of what was sent as new must go up, naming what landed", () => {
    const record = sure(acknowledged(pendingOf("new", undefined)).records.get(keyOf("new")));
    expect(record).toMatchObject({ value: undefined, base: { commit: commitOf("four") }, pending: { order: 1 } });
  });

  it("S-6: what was written again after a sent removal is new, upon no base", () => {
    const record = sure(acknowledged(pendingOf("x", 5, { base })).records.get(keyOf("x")));
    expect(record).toMatchObject({ value: 5, base: null, pending: { order: 1, again: null } });
  });

  it("S-17: an edit made meanwhile is later than what was sent, whatever the clock said", () => {
    const record = acknowledged(pendingOf("k", { n: 4 }, { base, modifiedAt: noon - 50 })).records.get(keyOf("k"));
    expect(record?.modifiedAt).toBe(noon + 1);
  });

  it("S-6: a row that was lost meanwhile is filled from what was sent", () => {
    const attempt = sure(plan([pendingOf("k", { n: 2 }, { base })]));
    const { records } = acknowledgeCommit(stateAt(head, { attempt }), attempt, () => undefined);
    expect(records.get(keyOf("k"))).toEqual(settledOf("k", liveAt({ n: 2 }, { count: 4, commit: "four" })));
  });
});

describe("S-14: rejectRecords", () => {
  const error: SyncErrorInfo = { code: "invalid-value", message: "The cloud refuses this record." };

  it("C30, S-14: holds back those at fault alone, with the reason, and keeps their values", () => {
    const records = recordsByKey(pendingOf("a", 1), pendingOf("b", { n: 2 }, { base }), pendingOf("c", 3));
    const held = rejectRecords(records, new Set([keyOf("b")]), error, { at: noon, commit: commitOf("four") });
    expect([...held]).toEqual([
      [
        "b",
        {
          ...pendingOf("b", { n: 2 }, { base }),
          hold: { type: "rejected", id: `${commitOf("four")}/b`, error: { ...error, key: "b" }, at: noon },
        },
      ],
    ]);
  });

  it("S-14: leaves alone what is no longer pending, or gone", () => {
    const records = recordsByKey(settledOf("a", base));
    const atFault = new Set([keyOf("a"), keyOf("gone")]);
    expect(rejectRecords(records, atFault, error, { at: noon, commit: commitOf("four") }).size).toBe(0);
  });
});

describe("S-6: writersAfter", () => {
  it("S-6: keeps the 16 writers heard of last, this one at the end", () => {
    let writers: Writers = [];
    for (let n = 0; n < 20; n++) writers = writersAfter(writers, replicaOf(n), commitOf(n));
    expect(headWritersMax).toBe(16);
    expect(writers.map(([replica]) => replica)).toEqual(Array.from({ length: 16 }, (_, n) => replicaOf(n + 4)));
  });

  it("S-6: a writer that commits again moves to the end, with its new commit", () => {
    const writers = writersAfter(
      [
        [me, commitOf(1)],
        [other, commitOf(2)],
      ],
      me,
      commitOf(3),
    );
    expect(writers).toEqual([
      [other, commitOf(2)],
      [me, commitOf(3)],
    ]);
  });

  it("S-6: a head's map has no order: who has a new commit since the last head is the youngest", () => {
    const known: Writers = [
      [me, commitOf(1)],
      [other, commitOf(2)],
      [replicaOf("gone"), commitOf(0)],
    ];
    const now = headOver([], {
      count: 3,
      commit: 3,
      writers: new Map([
        [me, commitOf(3)],
        [other, commitOf(2)],
      ]),
    });
    expect(checkpointAt(now, known).writers).toEqual([
      [other, commitOf(2)],
      [me, commitOf(3)],
    ]);
  });
});
