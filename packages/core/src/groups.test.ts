import { describe, expect, it } from "vitest";
import {
  commitContext,
  keyOf,
  liveAt,
  noon,
  notes,
  pendingOf,
  recordsByKey,
  settledOf,
  stateAt,
  sure,
  headOver,
  unreadableAt,
} from "../test/samples.ts";
import { landRecord, planCommit } from "./commit-plan.ts";
import { alignGroups, discardEdit, editGroup, retryEdit } from "./groups.ts";
import { layersOf } from "./layers.ts";
import { commitRecordsMax } from "./limits.ts";
import type { Hold, LocalRecord, Pending } from "./record.ts";
import { recordsAfter } from "./replica-view.ts";
import { isSyncError } from "./sync-error.ts";

const place = (order: number, ...sealed: readonly (readonly [order: number, value: number])[]): Pending => ({
  ...{ order, again: null },
  group: { sealed: sealed.map(([of, value]) => ({ order: of, value, modifiedAt: noon, schema: 1 })) },
});
const edits = (order: number, ...values: readonly (readonly [string, number | undefined])[]) =>
  values.map(([name, value]) => ({ key: keyOf(name), value, now: noon, schema: 1, order }));
const none: ReadonlySet<never> = new Set();
const rejected: Hold = { type: "rejected", id: "id", error: { code: "invalid-value", message: "no" }, at: noon };
const context = { dataset: notes, resolver: undefined, now: noon };

/** Place, value and earlier layers of each record: `a: 3 = 1 (2 = 0)`. */
const shown = (records: Iterable<readonly [string, LocalRecord | null]>): readonly string[] =>
  [...records].map(([key, record]) => {
    const layers = record ? layersOf(record).map(({ order, value }) => `${order} = ${JSON.stringify(value)}`) : [];
    return `${key}: ${layers.toReversed().join(" on ")}${record?.hold?.type === "group" ? ` waits for ${record.hold.key}` : ""}`;
  });

describe("S-16: the writes of one transaction", () => {
  it("share their place, and join what is pending of the same records", () => {
    const records = recordsByKey(
      pendingOf("a", 1, { pending: { order: 3, again: null } }),
      pendingOf("b", 1, { pending: place(5) }),
      pendingOf("c", 1, { pending: place(5) }),
      pendingOf("d", 1, { pending: place(7) }),
    );
    expect(shown(editGroup(records, edits(9, ["x", 1], ["y", 1]), none))).toEqual(["x: 9 = 1", "y: 9 = 1"]);
    expect(shown(editGroup(records, edits(9, ["a", 2], ["x", 1]), none))).toEqual(["a: 3 = 2", "x: 3 = 1"]);
    const joined = editGroup(records, edits(9, ["b", 2], ["d", 2], ["x", 1]), none);
    expect(shown(joined)).toEqual(["b: 5 = 2", "d: 5 = 2", "x: 5 = 1", "c: 5 = 1"]);
  });

  it("a single record needs no group, and one that changes nothing is in none", () => {
    const records = recordsByKey(settledOf("a", liveAt(1, { count: 1, commit: "one" })));
    expect(editGroup(records, edits(9, ["a", 2], ["b", undefined]), none).get(keyOf("a"))?.pending).toEqual({
      order: 9,
      again: null,
    });
    expect(editGroup(records, edits(9, ["a", 1]), none).size).toBe(0);
  });

  it("seal what was written before where both would not fit into one commit, and come back to it", () => {
    const records = recordsByKey(pendingOf("a", 1, { pending: place(5) }), pendingOf("b", 1, { pending: place(5) }));
    const sealed = editGroup(records, edits(9, ["a", 2], ["x", 1]), none, 2);
    expect(shown(sealed)).toEqual(["a: 9 = 2 on 5 = 1", "x: 9 = 1"]);
    const after = recordsAfter(records, sealed);
    expect(shown(editGroup(after, edits(11, ["a", 3], ["y", 1]), none, 2))).toEqual([
      "a: 11 = 3 on 9 = 2 on 5 = 1",
      "y: 11 = 1",
    ]);
    expect(shown(editGroup(after, edits(11, ["a", 1]), none, 2))).toEqual(["a: 5 = 1"]);
  });

  it("are refused where they are more than one commit takes", () => {
    const values = Array.from({ length: commitRecordsMax + 1 }, (_, index) => [`k${index}`, index] as const);
    expect(() => editGroup(new Map(), edits(1, ...values), none)).toThrow(
      expect.toSatisfy((error) => isSyncError(error, "transaction-too-large")),
    );
  });
});

describe("S-16: a commit", () => {
  const checkpoint = sure(stateAt(headOver([], { count: 1, commit: "one" })).checkpoint);
  const keysOf = (records: readonly LocalRecord[], recordsMax = 99, horizon = Infinity) =>
    planCommit(checkpoint, records, commitContext("two", { recordsMax }), horizon)?.records.map(({ key }) => key);
  const group = [pendingOf("a", 1, { pending: place(5) }), pendingOf("b", 1, { pending: place(5) })];

  it("takes groups whole, also where fewer records were asked for", () => {
    const first = pendingOf("x", 1, { pending: { order: 1, again: null } });
    expect(keysOf([first, ...group], 2)).toEqual(["x"]);
    expect(keysOf([first, ...group], 3)).toEqual(["x", "a", "b"]);
    expect(keysOf(group, 1)).toEqual(["a", "b"]);
    expect(keysOf([first, ...group], 99, 4)).toEqual(["x"]);
  });

  it("takes an earlier layer, and what was written upon it in another commit", () => {
    const layered = pendingOf("a", 2, { pending: place(9, [5, 1]) });
    const records = [layered, pendingOf("b", 1, { pending: place(5) }), pendingOf("c", 2, { pending: place(9) })];
    const attempt = sure(planCommit(checkpoint, records, commitContext("two")));
    expect(attempt.records.map(({ key, value }) => [key, value])).toEqual([
      ["a", 1],
      ["b", 1],
    ]);
    expect(landRecord(layered, sure(attempt.records[0]), attempt)).toMatchObject({
      value: 2,
      base: { content: { value: 1 } },
      pending: { order: 9, group: { sealed: [] } },
    });
  });
});

describe("S-16: what is held back", () => {
  const records = recordsByKey(
    pendingOf("a", 1, { pending: place(5) }),
    pendingOf("b", 2, { pending: place(9, [5, 1]) }),
    pendingOf("c", 1, { pending: place(9) }),
    pendingOf("d", 1, { pending: place(4) }),
  );
  const hold = (name: string, held: Hold | null) =>
    new Map([[keyOf(name), { ...sure(records.get(keyOf(name))), hold: held }]]);

  it("holds its group, and what was written upon that", () => {
    expect(shown(alignGroups(records, hold("a", rejected), true))).toEqual([
      "a: 5 = 1",
      "b: 9 = 2 on 5 = 1 waits for a",
      "c: 9 = 1 waits for a",
    ]);
    expect(shown(alignGroups(records, hold("c", rejected), true))).toEqual(["c: 9 = 1"]);
    const unreadable = { ...sure(records.get(keyOf("a"))), base: unreadableAt({ count: 1, commit: "one" }) };
    expect(shown(alignGroups(records, new Map([[keyOf("a"), unreadable]]), true))).toHaveLength(3);
  });

  it("lets go of it when it is free again, as far as nothing else holds it", () => {
    const held = recordsAfter(records, alignGroups(records, hold("a", rejected), true));
    const freed = new Map([[keyOf("a"), { ...sure(held.get(keyOf("a"))), hold: null }]]);
    expect(shown(alignGroups(held, freed, true))).toEqual(["a: 5 = 1", "b: 9 = 2 on 5 = 1", "c: 9 = 1"]);
    // Where not all of the groups were read, nothing is let go.
    expect(shown(alignGroups(held, freed, false))).toEqual(["a: 5 = 1 waits for b"]);
  });

  it("is offered again with its group, or given up with it, and what was written upon it is laid upon the rest", () => {
    const both = recordsAfter(records, new Map([...hold("a", rejected), ...hold("b", rejected)]));
    expect([...retryEdit(both, keyOf("a")).values()].map((record) => [record?.key, record?.hold])).toEqual([
      ["a", null],
      ["b", null],
    ]);
    const { records: left } = discardEdit(records, keyOf("a"), context);
    expect(shown(left)).toEqual(["a: ", "b: 9 = 2"]);
  });
});
