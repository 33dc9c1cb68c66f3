import { describe, expect, it } from "vitest";
import {
  adoptContext,
  commitContext,
  commitOf,
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
  settledOf,
  stateAt,
  sure,
  unreadableAt,
  verifiedOf,
} from "../test/samples.ts";
import { planCommit } from "./commit-plan.ts";
import { adoptPull, didLand, needsWholeReplica, type Pulled } from "./pull.ts";
import type { LocalRecord, RemoteRecord } from "./record.ts";
import { isCloudBehind } from "./repair.ts";
import { emptyReplica, type Attempt, type Head, type ReplicaState } from "./replica.ts";

const a1 = remoteOf("a", liveAt({ n: 1 }, { count: 1, commit: "one" }));
const b1 = remoteOf("b", liveAt({ n: 1 }, { count: 1, commit: "one" }));
const head1 = headOver([a1, b1], { count: 1, commit: "one" });
const at1 = recordsByKey(settledOf("a", a1), settledOf("b", b1));

const a2 = remoteOf("a", liveAt({ n: 2 }, { count: 2, commit: "two", modifiedAt: noon + 5 }));
const b2 = remoteOf("b", removedAt({ count: 2, commit: "two" }));
const c2 = remoteOf("c", liveAt({ n: 2 }, { count: 2, commit: "two" }));
const head2 = headOver([a2, b2, c2], { count: 2, commit: "two", writers: new Map([[other, commitOf("two")]]) });

const pulled = (head: Head, records: readonly RemoteRecord[], whole = false): Pulled => ({ head, records, whole });

const adopt = (state: ReplicaState, records: Map<LocalRecord["key"], LocalRecord>, what: Pulled) =>
  adoptPull(state, records, what, adoptContext);

/** A state with an attempt at `head1` that sends `records`. */
function sending(...records: readonly LocalRecord[]): { readonly state: ReplicaState; readonly attempt: Attempt } {
  const state = stateAt(head1);
  const attempt = sure(planCommit(sure(state.checkpoint), records, commitContext("mine")));
  return { state: { ...state, attempt }, attempt };
}

describe("S-1: what is believed", () => {
  it("S-1: a commit seen as a whole verifies, in whatever order its records come", () => {
    for (const records of [
      [a2, b2, c2],
      [c2, b2, a2],
    ]) {
      expect(adopt(stateAt(head1), at1, pulled(head2, records)).type).toBe("verified");
    }
  });

  it.each<readonly [string, readonly RemoteRecord[]]>([
    ["none of its records", []],
    ["one of its records", [a2]],
    ["all but a removal", [a2, c2]],
    ["all but a new record", [a2, b2]],
    ["an old version in one place", [a1, b2, c2]],
    ["a record of another commit", [{ ...a2, commit: commitOf("else") }, b2, c2]],
    ["a record of the next commit", [a2, b2, c2, remoteOf("d", liveAt(1, { count: 3, commit: "three" }))]],
  ])("S-1: a commit is not verified where the pull saw %s", (_what, records) => {
    expect(adopt(stateAt(head1), at1, pulled(head2, records))).toEqual({ type: "unverified" });
  });

  it("S-1: two swapped values do not cancel each other out", () => {
    const head = headOver([a2, remoteOf("b", liveAt({ n: 2 }, { count: 2, commit: "two" }))], {
      count: 2,
      commit: "two",
    });
    const swapped = [{ ...a2, key: keyOf("b") }];
    expect(adopt(stateAt(head1), at1, pulled(head, swapped)).type).toBe("unverified");
  });

  it("S-8: of a record that was read twice, the later copy counts", () => {
    expect(adopt(stateAt(head1), at1, pulled(head2, [a1, c2, b2, a2])).type).toBe("verified");
    expect(adopt(stateAt(head1), at1, pulled(head2, [a2, c2, b2, a1])).type).toBe("unverified");
  });

  it("S-7: a poll that finds nothing new verifies as well, and changes no record", () => {
    const outcome = verifiedOf(adopt(stateAt(head1), at1, pulled(head1, [])));
    expect([outcome.records.size, outcome.pulled, outcome.state.checkpoint?.syncCount]).toEqual([0, 0, 1]);
  });

  it("S-7: a head that moved without any record to show for it is not believed", () => {
    const moved = { ...head2, digest: headOver([a1], { count: 2, commit: "two" }).digest };
    expect(adopt(stateAt(head1), at1, pulled(moved, [])).type).toBe("unverified");
  });

  it("S-1: a right digest with a wrong record count is not believed", () => {
    expect(adopt(stateAt(head1), at1, pulled({ ...head2, recordCount: 3 }, [a2, b2, c2])).type).toBe("unverified");
  });

  it("S-1: a replica that lost a row here notices it as soon as the row's record moves", () => {
    const lost = recordsByKey(settledOf("b", b1));
    expect(adopt(stateAt(head1), lost, pulled(head2, [a2, b2, c2])).type).toBe("unverified");
    expect(adopt(stateAt(head1), lost, pulled(head2, [a2, b2, c2], true)).type).toBe("verified");
  });
});

describe("S-8: one decision", () => {
  it("S-8: moves bases, checkpoint and counts", () => {
    const outcome = verifiedOf(adopt(stateAt(head1), at1, pulled(head2, [a2, b2, c2])));
    expect([...outcome.records]).toEqual([
      ["a", settledOf("a", a2)],
      ["b", null],
      ["c", settledOf("c", c2)],
    ]);
    expect(outcome.state.checkpoint).toMatchObject({
      ...{ syncCount: 2, commit: head2.commit, digest: head2.digest, recordCount: 2, floor: 0, lineage: "lineage" },
      writers: [[other, commitOf("two")]],
    });
    expect([outcome.pulled, outcome.merged, outcome.conflicts, outcome.repaired]).toEqual([3, 0, [], []]);
  });

  it("S-8, C38: settles a conflict and takes the rest of the same pull", () => {
    const records = recordsByKey(pendingOf("a", { n: 9 }, { base: a1, modifiedAt: noon + 50 }), settledOf("b", b1));
    const outcome = verifiedOf(adopt(stateAt(head1), records, pulled(head2, [a2, b2, c2])));
    expect(outcome.records.get(keyOf("a"))).toMatchObject({ value: { n: 9 }, base: { commit: a2.commit } });
    expect(outcome.records.get(keyOf("c"))?.value).toEqual({ n: 2 });
    expect(outcome.conflicts.map(({ key, clashes, result }) => [key, clashes, result])).toEqual([
      ["a", ["/n"], { n: 9 }],
    ]);
    expect([outcome.pulled, outcome.merged]).toEqual([3, 1]);
  });

  it("S-6, S-8: resolves the attempt, rebases on what landed, and takes what is new, all at once", () => {
    const { state, attempt } = sending(pendingOf("a", { n: 1, mine: 1 }, { base: a1 }));
    const a3 = remoteOf("a", liveAt({ n: 3, mine: 1 }, { count: 3, commit: "three" }));
    const head = headOver([a3, b1], { count: 3, commit: "three", writers: new Map([[me, attempt.commit]]) });
    const records = recordsByKey(pendingOf("a", { n: 1, mine: 2 }, { base: a1 }), settledOf("b", b1));
    const outcome = verifiedOf(adopt(state, records, pulled(head, [a3])));
    expect(outcome.state).toMatchObject({ attempt: null, lastLanded: attempt.commit, checkpoint: { syncCount: 3 } });
    expect(outcome.records.get(keyOf("a"))).toMatchObject({ value: { n: 3, mine: 2 }, base: { syncCount: 3 } });
    expect(outcome.conflicts).toEqual([]);
  });

  it("S-8: nothing that was not listed is touched, and inputs stay as they are", () => {
    const state = stateAt(head1);
    const before = structuredClone([state, at1]);
    const outcome = verifiedOf(adopt(state, at1, pulled(headOver([a1, b1, c2], { count: 2, commit: "two" }), [c2])));
    expect([...outcome.records.keys()]).toEqual(["c"]);
    expect([state, at1]).toEqual(before);
  });

  it("S-8: a tombstone of what was never here leaves nothing", () => {
    const gone = remoteOf("gone", removedAt({ count: 2, commit: "two" }));
    const outcome = verifiedOf(
      adopt(stateAt(head1), at1, pulled(headOver([a1, b1, gone], { count: 2, commit: "two" }), [gone])),
    );
    expect(outcome.records.size).toBe(0);
  });

  it("S-8: a first pull starts from nothing, and keeps what was written here before", () => {
    const outcome = verifiedOf(adopt(emptyReplica, recordsByKey(pendingOf("mine", 1)), pulled(head2, [a2, b2, c2])));
    expect([...outcome.records.keys()]).toEqual(["a", "c"]);
    expect(outcome.state.checkpoint?.recordCount).toBe(2);
  });
});

describe("S-6: did it land?", () => {
  const { attempt } = sending(pendingOf("a", { n: 5 }, { base: a1 }));
  const mine = { ...a2, commit: attempt.commit };

  it("S-6: it is open while the head stands at its base", () => {
    expect(didLand(attempt, head1, [], me)).toBe("open");
  });

  it("S-6: it landed where the head lists it as this replica's last commit", () => {
    const head = { ...head2, writers: new Map([[me, attempt.commit]]) };
    expect(didLand(attempt, head, [], me)).toBe("landed");
  });

  it("S-6: it landed where a pulled record carries it, though the head no longer lists this replica", () => {
    expect(didLand(attempt, head2, [b2, mine], me)).toBe("landed");
  });

  it("S-6: it never will where the head is past its base and nothing carries it", () => {
    expect(didLand(attempt, head2, [a2, b2, c2], me)).toBe("never");
    const somebodyElse = { ...head2, writers: new Map([[other, attempt.commit]]) };
    expect(didLand(attempt, somebodyElse, [], me)).toBe("never");
  });

  it("S-6: a head of the same count and another commit is past its base", () => {
    expect(didLand(attempt, { ...head1, commit: commitOf("else") }, [], me)).toBe("never");
  });

  it("C31, S-6: one's own landing is no conflict, and what was sent is the base", () => {
    const { state, attempt: sent } = sending(pendingOf("a", { n: 5 }, { base: a1 }));
    const landed = remoteOf("a", liveAt({ n: 5 }, { count: 2, commit: "mine" }));
    const head = headOver([landed, b1], { count: 2, commit: "mine", writers: new Map([[me, sent.commit]]) });
    const edited = recordsByKey(pendingOf("a", { n: 6 }, { base: a1 }), settledOf("b", b1));
    const outcome = verifiedOf(adopt(state, edited, pulled(head, [landed])));
    expect(outcome.conflicts).toEqual([]);
    expect(outcome.records.get(keyOf("a"))).toMatchObject({
      ...{ value: { n: 6 }, base: { commit: sent.commit, content: { value: { n: 5 } } }, pending: { order: 1 } },
    });
  });

  it("S-6: nor is it one where another device has written over it since", () => {
    const { state, attempt: sent } = sending(pendingOf("a", { n: 5 }, { base: a1 }));
    const over = remoteOf("a", liveAt({ n: 7 }, { count: 3, commit: "three" }));
    const head = headOver([over, b1], { count: 3, commit: "three", writers: new Map([[me, sent.commit]]) });
    const records = recordsByKey(pendingOf("a", { n: 5 }, { base: a1 }), settledOf("b", b1));
    const outcome = verifiedOf(adopt(state, records, pulled(head, [over])));
    expect([outcome.conflicts, outcome.records.get(keyOf("a"))]).toEqual([[], settledOf("a", over)]);
  });

  it("S-4, S-6: what never landed stays pending, also where it has gone back to its base", () => {
    const { state } = sending(pendingOf("a", { n: 5 }, { base: a1 }), pendingOf("new", 1));
    const records = recordsByKey(pendingOf("a", { n: 1 }, { base: a1 }), settledOf("b", b1), pendingOf("new", 1));
    const b3 = remoteOf("b", liveAt({ n: 3 }, { count: 2, commit: "two" }));
    const outcome = verifiedOf(adopt(state, records, pulled(headOver([a1, b3], { count: 2, commit: "two" }), [b3])));
    expect(outcome.state.attempt).toBe(null);
    expect(outcome.records.get(keyOf("a"))).toMatchObject({ value: { n: 1 }, pending: { again: "sent" } });
    expect(outcome.records.get(keyOf("new"))).toMatchObject({ value: 1, base: null, pending: { again: "sent" } });
  });

  it("S-6: a row that was lost while its attempt never landed is offered again as it was sent, not removed", () => {
    const { state } = sending(pendingOf("new", { n: 1 }));
    const b3 = remoteOf("b", liveAt({ n: 3 }, { count: 2, commit: "two" }));
    const outcome = verifiedOf(adopt(state, at1, pulled(headOver([a1, b3], { count: 2, commit: "two" }), [b3])));
    expect(outcome.records.get(keyOf("new"))).toMatchObject({ value: { n: 1 }, pending: { again: "sent" } });
  });

  it("S-5: an open attempt outlives a pull that finds the head at its base", () => {
    const { state, attempt: open } = sending(pendingOf("a", { n: 5 }, { base: a1 }));
    const records = recordsByKey(pendingOf("a", { n: 5 }, { base: a1 }), settledOf("b", b1));
    const outcome = verifiedOf(adopt(state, records, pulled(head1, [])));
    expect([outcome.state.attempt, outcome.records.size]).toEqual([open, 0]);
  });

  it("S-5, S-9: an attempt that the whole listing disproves never lands, and is not repeated for ever", () => {
    // The row of `a` was lost here; an edit since then was sent as if the cloud had none.
    const edit = pendingOf("a", { n: 5 }, { modifiedAt: noon + 1 });
    const { state } = sending(edit);
    const records = recordsByKey(edit, settledOf("b", b1));
    const outcome = verifiedOf(adopt(state, records, pulled(head1, [a1, b1], true)));
    expect(outcome.state.attempt).toBe(null);
    expect(outcome.records.get(keyOf("a"))).toMatchObject({ base: { commit: a1.commit }, value: { n: 5 } });
    expect(outcome.conflicts.map(({ remote, result }) => [remote, result])).toEqual([[{ n: 1 }, { n: 5 }]]);
  });
});

describe("S-9: the full compare", () => {
  it("S-9: needs the whole replica, as a first pull and a risen floor do", () => {
    const state = stateAt(head1);
    expect(needsWholeReplica(state, pulled(head2, []))).toBe(false);
    expect(needsWholeReplica(state, pulled(head2, [], true))).toBe(true);
    expect(needsWholeReplica(emptyReplica, pulled(head2, []))).toBe(true);
    expect(needsWholeReplica(state, pulled({ ...head2, floor: head2.syncCount }, []))).toBe(true);
    expect(needsWholeReplica(state, pulled({ ...head2, floor: head1.syncCount }, []))).toBe(false);
  });

  it("S-9: the absence of a key is believed where the whole listing makes the head's digest", () => {
    const head = headOver([a1], { count: 2, commit: "two" });
    const outcome = verifiedOf(adopt(stateAt(head1), at1, pulled(head, [a1], true)));
    expect([...outcome.records]).toEqual([["b", null]]);
    expect(adopt(stateAt(head1), at1, pulled(head1, [a1], true)).type).toBe("unverified");
  });

  it("S-9: an edit of what the cloud no longer has stays, as new", () => {
    const head = headOver([a1], { count: 2, commit: "two" });
    const records = recordsByKey(settledOf("a", a1), pendingOf("b", { n: 8 }, { base: b1 }), pendingOf("new", 1));
    const outcome = verifiedOf(adopt(stateAt(head1), records, pulled(head, [a1], true)));
    expect([...outcome.records.keys()]).toEqual(["b"]);
    expect(outcome.records.get(keyOf("b"))).toMatchObject({ value: { n: 8 }, base: null, pending: { order: 1 } });
  });

  it("S-9: heals a base that is not what the cloud holds under its name, and says so", () => {
    const damaged = recordsByKey(settledOf("a", liveAt({ n: 77 }, { count: 1, commit: "one" })), settledOf("b", b1));
    const outcome = verifiedOf(adopt(stateAt(head1), damaged, pulled(head1, [a1, b1], true)));
    expect([...outcome.records]).toEqual([["a", settledOf("a", a1)]]);
    expect([outcome.repaired, outcome.pulled]).toEqual([["a"], 0]);
  });

  it("S-9: a pending edit keeps its value where its base is healed", () => {
    const wrong = liveAt({ n: 77 }, { count: 1, commit: "one" });
    const records = recordsByKey(pendingOf("a", { n: 5 }, { base: wrong }), settledOf("b", b1));
    const outcome = verifiedOf(adopt(stateAt(head1), records, pulled(head1, [a1, b1], true)));
    expect(outcome.records.get(keyOf("a"))).toMatchObject({ value: { n: 5 }, base: { content: { value: { n: 1 } } } });
  });
});

describe("S-12: a cloud that went back", () => {
  const place = { count: 2, commit: "two" };
  const b2live = remoteOf("b", liveAt({ n: 2 }, { ...place, modifiedAt: noon + 9 }));
  const known = headOver([a1, b2live, c2], { ...place, writers: new Map([[me, commitOf("two")]]) });
  const state = stateAt(known, { lastLanded: commitOf("two") });
  const records = recordsByKey(settledOf("a", a1), settledOf("b", b2live), settledOf("c", c2));

  it("S-12: what it lacks, or has an older version of, is kept and offered again, never deleted here", () => {
    const outcome = verifiedOf(adopt(state, records, pulled(head1, [a1, b1], true)));
    expect([...outcome.records.keys()]).toEqual(["b", "c"]);
    expect(outcome.records.get(keyOf("b"))).toMatchObject({
      ...{ value: { n: 2 }, base: { commit: b1.commit }, pending: { again: "reoffered" } },
    });
    expect(outcome.records.get(keyOf("c"))).toMatchObject({ value: { n: 2 }, base: null, pending: { order: 0 } });
    expect(outcome.conflicts.map(({ key, kind, local, remote, result }) => [key, kind, local, remote, result])).toEqual(
      [
        ["b", "cloud-restored", { n: 2 }, { n: 1 }, { n: 2 }],
        ["c", "cloud-restored", { n: 2 }, undefined, { n: 2 }],
      ],
    );
    expect(outcome.state.checkpoint).toMatchObject({ syncCount: 1, commit: head1.commit });
  });

  it("S-12: what is offered again makes a commit upon the restored head", () => {
    const outcome = verifiedOf(adopt(state, records, pulled(head1, [a1, b1], true)));
    const pending = [...outcome.records.values()].flatMap((record) => record ?? []);
    const attempt = sure(planCommit(sure(outcome.state.checkpoint), pending, commitContext("anew")));
    expect(attempt.records.map(({ key, base }) => [key, base?.commit])).toEqual([
      ["b", b1.commit],
      ["c", undefined],
    ]);
    const at = { count: 2, commit: "anew" };
    const after = [a1, remoteOf("b", liveAt({ n: 2 }, at)), remoteOf("c", liveAt({ n: 2 }, at))];
    expect(attempt.digest).toBe(headOver(after, at).digest);
  });

  it("S-12: where its edit is the newer one, that wins, and the loser is kept in the conflict record", () => {
    const newer = remoteOf("b", liveAt({ n: 7 }, { count: 2, commit: "else", modifiedAt: noon + 99 }));
    const head = headOver([a1, newer, c2], { count: 2, commit: "else" });
    const outcome = verifiedOf(adopt(state, records, pulled(head, [a1, newer, c2], true)));
    expect([...outcome.records]).toEqual([["b", settledOf("b", newer)]]);
    expect(outcome.conflicts).toMatchObject([{ kind: "cloud-restored", local: { n: 2 }, result: { n: 7 } }]);
  });

  it("S-12: a record with another commit at or below the checkpoint is evidence, where the head tells nothing", () => {
    const another = remoteOf("b", liveAt({ n: 3 }, { count: 2, commit: "else", modifiedAt: noon }));
    const d3 = remoteOf("d", liveAt(1, { count: 3, commit: "three" }));
    const head = headOver([a1, another, d3], { count: 3, commit: "three" });
    const reader = { ...state, lastLanded: null };
    expect(isCloudBehind(reader, head, me)).toBe(false);
    const outcome = verifiedOf(adopt(reader, records, pulled(head, [a1, another, d3], true)));
    expect(outcome.conflicts.map(({ key, kind }) => [key, kind])).toEqual([
      ["b", "cloud-restored"],
      ["c", "cloud-restored"],
    ]);
    expect(outcome.records.get(keyOf("c"))).toMatchObject({ value: { n: 2 }, pending: { again: "reoffered" } });
  });

  it("S-12: pending edits and removals are offered again too; what never landed is", () => {
    const attempt = sure(planCommit(sure(state.checkpoint), [pendingOf("new", 1)], commitContext("sent")));
    const edited = recordsByKey(
      pendingOf("a", undefined, { base: a1 }),
      pendingOf("b", { n: 8 }, { base: b2live, modifiedAt: noon + 20 }),
      settledOf("c", c2),
      pendingOf("new", 1),
    );
    const outcome = verifiedOf(adopt({ ...state, attempt }, edited, pulled(head1, [a1, b1], true)));
    expect(outcome.state.attempt).toBe(null);
    // The removal of `a` stands on a version that the cloud still has.
    expect([...outcome.records.keys()]).toEqual(["new", "b", "c"]);
    expect(outcome.records.get(keyOf("new"))?.pending?.again).toBe("sent");
    expect(outcome.records.get(keyOf("b"))).toMatchObject({ value: { n: 8 }, base: { commit: b1.commit } });
  });

  it("S-12: equal values are no clash, and the evidence is gone afterwards", () => {
    const same = remoteOf("b", liveAt({ n: 2 }, { count: 1, commit: "old" }));
    const head = headOver([a1, same, c2], { count: 1, commit: "old", writers: new Map([[me, commitOf("before")]]) });
    const outcome = verifiedOf(adopt(state, records, pulled(head, [a1, same, c2], true)));
    expect([outcome.conflicts, [...outcome.records]]).toEqual([[], [["b", settledOf("b", same)]]]);
    expect(isCloudBehind(state, head, me)).toBe(true);
    expect(isCloudBehind(outcome.state, head, me)).toBe(false);
  });

  it("S-12, S-13: a head that was lost and made anew moves nothing where all records are there", () => {
    const anew = { ...headOver([a1, b2live, c2], { count: 3, commit: "anew" }), changed: 0, lineage: "another" };
    const outcome = verifiedOf(adopt(state, records, pulled(anew, [a1, b2live, c2], true)));
    expect([outcome.records.size, outcome.conflicts, outcome.state.checkpoint?.lineage]).toEqual([0, [], "another"]);
  });

  it("S-19: what can't be read is neither offered nor overwritten", () => {
    const unreadable = remoteOf("b", unreadableAt({ count: 1, commit: "old" }));
    const head = headOver([a1, unreadable], { count: 1, commit: "old" });
    const outcome = verifiedOf(adopt(state, records, pulled(head, [a1, unreadable], true)));
    expect(outcome.records.get(keyOf("b"))).toMatchObject({ base: { content: unreadable.content } });
  });
});

describe("records under the floor", () => {
  const deleted = headOver([], { count: 2, commit: "two", floor: 2, deleted: true });

  it("S-8: do not exist: what is not pending goes, pulled or not", () => {
    const outcome = verifiedOf(adopt(stateAt(head1), at1, pulled(deleted, [a2])));
    expect([...outcome.records]).toEqual([
      ["a", null],
      ["b", null],
    ]);
    expect([outcome.state.checkpoint?.floor, outcome.conflicts]).toEqual([2, []]);
  });

  it("S-8: a pending edit re-creates its record, with a note of the deletion", () => {
    const records = recordsByKey(pendingOf("a", { n: 9 }, { base: a1 }), pendingOf("b", undefined, { base: b1 }));
    const outcome = verifiedOf(adopt(stateAt(head1), records, pulled(deleted, [])));
    expect(outcome.records.get(keyOf("a"))).toMatchObject({ value: { n: 9 }, base: null, pending: { order: 1 } });
    expect(outcome.records.get(keyOf("b"))).toBe(null);
    expect(outcome.conflicts.map(({ key, kind, result }) => [key, kind, result])).toEqual([
      ["a", "dataset-deleted", { n: 9 }],
    ]);
  });

  it("S-8: what others re-created above it is taken", () => {
    const a4 = remoteOf("a", liveAt({ n: 4 }, { count: 4, commit: "four" }));
    const head = headOver([a4], { count: 4, commit: "four", floor: 3 });
    const outcome = verifiedOf(adopt(stateAt(head1), at1, pulled(head, [b2, a4])));
    expect([...outcome.records]).toEqual([
      ["a", settledOf("a", a4)],
      ["b", null],
    ]);
  });
});

describe("S-19: what can't be read", () => {
  const unreadable = remoteOf("a", unreadableAt({ count: 2, commit: "two" }));
  const head = headOver([unreadable, b1], { count: 2, commit: "two" });

  it("S-19: counts in the digest and is kept as it is", () => {
    expect(head.recordCount).toBe(2);
    const outcome = verifiedOf(adopt(stateAt(head1), at1, pulled(head, [unreadable])));
    expect(outcome.records.get(keyOf("a"))).toMatchObject({ value: undefined, base: { content: unreadable.content } });
  });

  it("S-19: is read in a full compare by the app version that knows it", () => {
    const readable = remoteOf("a", liveAt({ n: 2 }, { count: 2, commit: "two" }));
    const records = recordsByKey(settledOf("a", unreadable), settledOf("b", b1));
    const outcome = verifiedOf(adopt(stateAt(head), records, pulled(head, [readable, b1], true)));
    expect([...outcome.records]).toEqual([["a", settledOf("a", readable)]]);
  });
});
