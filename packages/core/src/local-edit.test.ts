import { describe, expect, it } from "vitest";
import { keyOf, liveAt, noon, pendingOf, settledOf, sure, unreadableAt } from "../test/samples.ts";
import { parseValue, type JsonValue } from "./json-value.ts";
import { clockAheadMsMax } from "./limits.ts";
import { editRecord, stampEdit, type EditOutcome } from "./local-edit.ts";
import type { LocalRecord } from "./record.ts";
import type { SyncErrorInfo } from "./sync-error.ts";

const base = liveAt({ n: 1 }, { count: 1, commit: "one" });
const synced = settledOf("k", base);

function edit(
  current: LocalRecord | undefined,
  value: JsonValue | undefined,
  { inAttempt = false, now = noon, order = 7 } = {},
): EditOutcome {
  const parsed = value === undefined ? undefined : parseValue(value);
  return editRecord(current, { key: keyOf("k"), value: parsed, now, schema: 2, order }, inAttempt);
}

/** The record that an edit leaves. */
function edited(...args: Parameters<typeof edit>): LocalRecord {
  const outcome = edit(...args);
  if (outcome.type === "unchanged") throw new Error("the edit changed nothing");
  return sure(outcome.record);
}

describe("S-4: what is pending", () => {
  it("S-4: a new record is, without a base, in the place that it was given", () => {
    expect(edited(undefined, { n: 1 })).toEqual({
      ...{ key: "k", base: null, value: { n: 1 }, modifiedAt: noon, schema: 2, hold: null },
      pending: { order: 7, again: null },
    });
  });

  it("S-4: an edit of an edited record keeps its place in the outbox", () => {
    const twice = edited(edited(synced, { n: 2 }, { order: 7 }), { n: 3 }, { order: 9 });
    expect([twice.value, twice.pending?.order, twice.base]).toEqual([{ n: 3 }, 7, base]);
  });

  it("S-4: an edit taken back before it was sent is not", () => {
    const back = edited(edited(synced, { n: 2 }), { n: 1 });
    expect([back.pending, back.base, back.modifiedAt]).toEqual([null, base, base.modifiedAt]);
  });

  it("S-4: an edit taken back while it is sent is: the cloud may have taken it", () => {
    const back = edited(edited(synced, { n: 2 }), { n: 1 }, { inAttempt: true });
    expect([back.value, back.pending]).toEqual([{ n: 1 }, { order: 7, again: null }]);
  });

  it.each(["sent", "reoffered"] as const)(
    "S-4: a record that was %s stays so, also where it equals its base",
    (again) => {
      const current = pendingOf("k", { n: 2 }, { base, pending: { order: 3, again } });
      expect(edited(current, { n: 1 }).pending).toEqual({ order: 3, again });
    },
  );

  it("C32, S-4: a record made and removed before it was sent leaves nothing", () => {
    expect(edit(edited(undefined, { n: 1 }), undefined)).toEqual({ type: "edited", record: null });
  });

  it("C32, S-4: a record made, sent and removed is a removal that must go up", () => {
    const gone = edited(edited(undefined, { n: 1 }), undefined, { inAttempt: true });
    expect([gone.value, gone.base, gone.pending]).toEqual([undefined, null, { order: 7, again: null }]);
  });

  it("S-4: a removed record keeps its base, which the tombstone must name", () => {
    const gone = edited(synced, undefined);
    expect([gone.value, gone.base, gone.pending?.order]).toEqual([undefined, base, 7]);
  });

  it.each<readonly [string, LocalRecord | undefined, JsonValue | undefined]>([
    ["the same value", synced, { n: 1 }],
    [
      "C37: the same value with its keys in another order",
      settledOf("k", liveAt({ a: 1, b: 2 }, { count: 1, commit: 1 })),
      {
        b: 2,
        a: 1,
      },
    ],
    ["removing what is absent", undefined, undefined],
  ])("C08: %s is no edit", (_what, current, value) => {
    expect(edit(current, value)).toEqual({ type: "unchanged" });
    expect(edit(current, value, { inAttempt: true })).toEqual({ type: "unchanged" });
  });

  it("S-4: inputs stay untouched", () => {
    const before = structuredClone(synced);
    edit(synced, { n: 2 });
    expect(synced).toEqual(before);
  });
});

describe("S-14: what is held back", () => {
  const error: SyncErrorInfo = { code: "invalid-value", message: "The cloud refuses this record." };
  const rejected = pendingOf("k", { n: 2 }, { base, hold: { type: "rejected", id: "r", error, at: noon } });
  const open = pendingOf("k", { n: 2 }, { base, hold: { type: "conflict", id: "c", base: { n: 0 } } });

  it("S-14: a refused record is offered again after an edit, also one to the same value", () => {
    expect(edited(rejected, { n: 3 }).hold).toBe(null);
    expect(edited(rejected, { n: 2 })).toMatchObject({ value: { n: 2 }, hold: null, pending: { order: 1 } });
  });

  it("an open conflict stays open: an edit is no decision", () => {
    expect(edited(open, { n: 3 })).toMatchObject({ value: { n: 3 }, hold: { type: "conflict", id: "c" } });
    expect(edit(open, { n: 2 })).toEqual({ type: "unchanged" });
  });
});

describe("S-17: an edit's time", () => {
  it("S-17: is now, or a millisecond after its base where the clock is behind", () => {
    expect([stampEdit(noon, null), stampEdit(noon, noon - 5), stampEdit(noon, noon)]).toEqual([noon, noon, noon + 1]);
    const late = edited(settledOf("k", liveAt(1, { count: 1, commit: 1, modifiedAt: noon + 60_000 })), 2);
    expect(late.modifiedAt).toBe(noon + 60_001);
  });

  it("S-17, C06: is at most five minutes after the cloud's time, however far ahead its base was", () => {
    expect(stampEdit(noon, noon + 24 * 3_600_000)).toBe(noon + clockAheadMsMax);
    expect(clockAheadMsMax).toBe(5 * 60_000);
  });
});

describe("S-19: what can't be read", () => {
  it.each([{ n: 2 }, undefined])("S-19: is not overwritten with %j", (value) => {
    const current = settledOf("k", unreadableAt({ count: 1, commit: "one" }));
    expect(() => edit(current, value)).toThrow(expect.objectContaining({ code: "format-too-new" }));
  });
});
