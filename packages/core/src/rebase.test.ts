import { describe, expect, it, vi } from "vitest";
import {
  adoptContext,
  commitOf,
  keyOf,
  liveAt,
  noon,
  notes,
  pendingOf,
  removedAt,
  settledOf,
  sure,
  unreadableAt,
} from "../test/samples.ts";
import type { Resolver } from "./conflict.ts";
import type { JsonValue } from "./json-value.ts";
import { rebaseRecord, type RebaseContext } from "./rebase.ts";
import type { LocalRecord, Version } from "./record.ts";
import { askUser, localWins, newestWins, remoteWins } from "./resolvers.ts";

const base = liveAt({ a: 1, b: 1 }, { count: 1, commit: "one", modifiedAt: noon - 100 });
const remoteB = liveAt({ a: 1, b: 2 }, { count: 2, commit: "two", modifiedAt: noon + 5 });
const remoteA = liveAt({ a: 2, b: 1 }, { count: 2, commit: "two", modifiedAt: noon + 5 });
const tombstone = removedAt({ count: 2, commit: "two", modifiedAt: noon + 5 });

const pending = (value: JsonValue | undefined, rest: Parameters<typeof pendingOf>[2] = {}): LocalRecord =>
  pendingOf("k", value, { base, ...rest });

const rebase = (current: LocalRecord | undefined, remote: Version | null, context: Partial<RebaseContext> = {}) =>
  rebaseRecord(keyOf("k"), current, remote, { ...adoptContext, ...context });

const heldId = ({ hold }: LocalRecord): string | undefined => (hold?.type === "conflict" ? hold.id : undefined);

describe("S-8: where nothing is pending", () => {
  it("S-8: the remote version is taken", () => {
    expect(rebase(undefined, remoteA)).toEqual({ record: settledOf("k", remoteA), conflict: null });
    expect(rebase(settledOf("k", base), remoteA)).toEqual({ record: settledOf("k", remoteA), conflict: null });
  });

  it("S-8: nothing is kept of what was removed, or is not there", () => {
    expect(rebase(settledOf("k", base), tombstone)).toEqual({ record: null, conflict: null });
    expect(rebase(settledOf("k", base), null)).toEqual({ record: null, conflict: null });
    expect(rebase(undefined, tombstone)).toEqual({ record: null, conflict: null });
  });
});

describe("S-8: a pending edit is laid upon the remote version", () => {
  it("C01, S-8: fields that do not clash are both kept, without a conflict", () => {
    const { record, conflict } = rebase(pending({ a: 3, b: 1 }), remoteB);
    expect(conflict).toBe(null);
    expect(record).toEqual({
      ...{ key: "k", base: remoteB, value: { a: 3, b: 2 }, schema: 1, hold: null },
      ...{ modifiedAt: noon + 6, pending: { order: 1, again: null } },
    });
  });

  it("S-17: the merged record is later than what it is built on, or as late as its own edit", () => {
    expect(rebase(pending({ a: 3, b: 1 }, { modifiedAt: noon + 77 }), remoteB).record?.modifiedAt).toBe(noon + 77);
    expect(rebase(pending({ a: 3, b: 1 }, { modifiedAt: 1 }), remoteB).record?.modifiedAt).toBe(noon + 6);
  });

  it("S-4: is settled where the cloud has come to the same value", () => {
    expect(rebase(pending({ b: 1, a: 2 }), remoteA)).toEqual({ record: settledOf("k", remoteA), conflict: null });
    expect(rebase(pending(undefined), tombstone)).toEqual({ record: null, conflict: null });
  });

  it("S-4: is settled where the merge leaves nothing that the cloud does not have", () => {
    const both = liveAt({ a: 3, b: 2 }, { count: 2, commit: "two" });
    expect(rebase(pending({ a: 3, b: 1 }), both)).toEqual({ record: settledOf("k", both), conflict: null });
  });

  it("S-8: a remote version with the base's value takes nothing away", () => {
    const same = liveAt({ b: 1, a: 1 }, { count: 2, commit: "two" });
    expect(rebase(pending({ a: 3, b: 1 }), same)).toMatchObject({
      ...{ record: { value: { a: 3, b: 1 }, base: same, pending: { order: 1 } }, conflict: null },
    });
  });

  it("S-8: the version that it is built on already changes nothing", () => {
    const current = pending({ a: 3, b: 1 });
    expect(rebase(current, base)).toEqual({ record: current, conflict: null });
  });

  it("S-8: two records made under one key merge as from nothing", () => {
    const { record, conflict } = rebase(pendingOf("k", { mine: 1 }), remoteA);
    expect(conflict).toBe(null);
    expect(record).toMatchObject({ value: { a: 2, b: 1, mine: 1 }, base: remoteA });
  });

  it("S-8: a clash goes to the newer edit, and the loser is kept in the conflict record", () => {
    const newer = rebase(pending({ a: 3, b: 1 }, { modifiedAt: noon + 9 }), remoteA);
    expect(newer.record).toMatchObject({ value: { a: 3, b: 1 }, base: remoteA, pending: { order: 1 } });
    expect(newer.conflict).toMatchObject({
      ...{ dataset: notes, key: "k", kind: "record", state: "settled", clashes: ["/a"], at: noon },
      ...{ base: { a: 1, b: 1 }, local: { a: 3, b: 1 }, remote: { a: 2, b: 1 }, result: { a: 3, b: 1 } },
    });
    const older = rebase(pending({ a: 3, b: 1 }), remoteA);
    expect(older.record).toEqual(settledOf("k", remoteA));
    expect(older.conflict).toMatchObject({ local: { a: 3, b: 1 }, result: { a: 2, b: 1 }, state: "settled" });
  });

  it("S-8: deciding the same again gives the same record, under the same id", () => {
    expect(rebase(pending({ a: 3, b: 1 }), remoteA)).toEqual(rebase(pending({ a: 3, b: 1 }), remoteA));
  });

  it("S-8: each resolver decides the clashes alone", () => {
    const remote = liveAt({ a: 2, b: 2 }, { count: 2, commit: "two", modifiedAt: noon + 5 });
    const valueWith = (resolver: Resolver<JsonValue>) => rebase(pending({ a: 3, b: 1 }), remote, { resolver });
    expect(valueWith(localWins).record?.value).toEqual({ a: 3, b: 2 });
    expect(valueWith(remoteWins).record).toEqual(settledOf("k", remote));
    expect(valueWith(newestWins).record?.value).toEqual({ a: 2, b: 2 });
    expect(valueWith(() => ({ type: "removed" })).record).toMatchObject({ value: undefined, pending: { order: 1 } });
    expect(valueWith(() => ({ type: "value", value: "x" })).record).toMatchObject({ value: "x", base: remote });
  });

  it("S-8: inputs stay untouched", () => {
    const current = pending({ a: 3, b: 1 });
    const before = structuredClone([current, remoteA]);
    rebase(current, remoteA);
    expect([current, remoteA]).toEqual(before);
  });
});

describe("removed against edited", () => {
  it("C02, S-8: the pending edit wins over the cloud's removal, and is new", () => {
    const { record, conflict } = rebase(pending({ a: 3, b: 1 }), tombstone);
    expect(record).toMatchObject({ value: { a: 3, b: 1 }, base: null, modifiedAt: noon + 6, pending: { order: 1 } });
    expect(conflict).toMatchObject({ clashes: [""], local: { a: 3, b: 1 }, remote: undefined, state: "settled" });
  });

  it("C02, S-8: the cloud's edit wins over the pending removal, however new", () => {
    const { record, conflict } = rebase(pending(undefined, { modifiedAt: noon + 99 }), remoteA);
    expect(record).toEqual(settledOf("k", remoteA));
    expect(conflict).toMatchObject({ clashes: [""], local: undefined, remote: { a: 2, b: 1 }, result: { a: 2, b: 1 } });
  });

  it("C02: the resolver is asked once, and may remove", () => {
    const resolver = vi.fn<Resolver<JsonValue>>(() => ({ type: "remote" }));
    expect(rebase(pending({ a: 3, b: 1 }), tombstone, { resolver }).record).toBe(null);
    expect(resolver).toHaveBeenCalledOnce();
    expect(resolver.mock.calls[0]?.[0]).toMatchObject({
      base: { a: 1, b: 1 },
      local: { a: 3, b: 1 },
      remote: undefined,
    });
  });

  it("S-8: a pending removal upon a cloud that did not change it stays pending", () => {
    const same = liveAt({ a: 1, b: 1 }, { count: 2, commit: "two" });
    expect(rebase(pending(undefined), same).record).toMatchObject({ value: undefined, base: same });
  });
});

describe("a question to a person", () => {
  const ask = () => rebase(pending({ a: 3, b: 1 }), remoteA, { resolver: askUser });

  it.each<readonly [string, Resolver<JsonValue>]>([
    ["asks", askUser],
    [
      "throws",
      () => {
        throw new TypeError("the app's own fault");
      },
    ],
    ["gives a value that can't be stored", () => ({ type: "value", value: NaN })],
  ])("a resolver that %s holds the record as it is here", (_what, resolver) => {
    const { record, conflict } = rebase(pending({ a: 3, b: 1 }), remoteA, { resolver });
    expect(record).toMatchObject({
      ...{ value: { a: 3, b: 1 }, base: remoteA, pending: { order: 1 } },
      hold: { type: "conflict", id: sure(conflict).id, base: { a: 1, b: 1 } },
    });
    expect(conflict).toMatchObject({ state: "open", result: undefined, clashes: ["/a"] });
  });

  it("is asked again, from the same base and as the same conflict, when the cloud changes again", () => {
    const held = sure(ask().record);
    const next = liveAt({ a: 4, b: 4 }, { count: 3, commit: "three", modifiedAt: noon + 9 });
    const again = rebase(held, next, { resolver: askUser });
    expect(again.conflict).toMatchObject({ id: heldId(held), base: { a: 1, b: 1 }, remote: { a: 4, b: 4 } });
    expect(again.record).toMatchObject({ value: { a: 3, b: 1 }, base: next, hold: { base: { a: 1, b: 1 } } });
  });

  it("is answered by a resolver of a newer app version: the same conflict is settled, the hold ends", () => {
    const held = sure(ask().record);
    const next = liveAt({ a: 4, b: 4 }, { count: 3, commit: "three" });
    const { record, conflict } = rebase(held, next, { resolver: localWins });
    expect(conflict).toMatchObject({ id: heldId(held), state: "settled", result: { a: 3, b: 4 } });
    expect(record).toMatchObject({ value: { a: 3, b: 4 }, hold: null, pending: { order: 1 } });
  });

  it("S-14: a record that the cloud refused stays held back when it is merged", () => {
    const hold = {
      type: "rejected",
      id: "r",
      at: noon,
      error: { code: "invalid-value", message: "Refused." },
    } as const;
    expect(rebase(pending({ a: 3, b: 1 }, { hold }), remoteB).record).toMatchObject({ value: { a: 3, b: 2 }, hold });
  });
});

describe("S-4: without a known base the newer edit wins", () => {
  it.each<readonly [string, Parameters<typeof pending>[0], "sent" | "reoffered"]>([
    ["went back to its base after it was sent", { a: 1, b: 1 }, "sent"],
    ["was offered again", { a: 3, b: 1 }, "reoffered"],
  ])("S-4: where it %s; the loser is kept", (_what, value, again) => {
    const local = { pending: { order: 1, again } } as const;
    const older = rebase(pending(value, local), remoteA);
    expect(older.record).toEqual(settledOf("k", remoteA));
    expect(older.conflict).toMatchObject({ local: value, result: { a: 2, b: 1 }, clashes: [""] });
    const newer = rebase(pending(value, { ...local, modifiedAt: noon + 9 }), remoteA);
    expect(newer.record).toMatchObject({ value, base: remoteA, pending: { order: 1 } });
    expect(newer.conflict).toMatchObject({ remote: { a: 2, b: 1 }, result: value });
  });

  it("S-4: upon a newer base it no longer counts that it was sent: going back to that base is no edit", () => {
    const sent = pending({ a: 3, b: 1 }, { pending: { order: 1, again: "sent" } });
    expect(rebase(sent, remoteB).record).toMatchObject({ value: { a: 3, b: 2 }, pending: { order: 1, again: null } });
  });

  it("S-4: what was sent and edited on since has its base still, and merges from it", () => {
    const current = pending({ a: 3, b: 1 }, { pending: { order: 1, again: "sent" } });
    expect(rebase(current, remoteB)).toMatchObject({ record: { value: { a: 3, b: 2 } }, conflict: null });
  });
});

describe("S-19: what can't be read", () => {
  const unreadable = unreadableAt({ count: 2, commit: "two" });

  it("S-19: is taken as it is where nothing is pending", () => {
    expect(rebase(settledOf("k", base), unreadable).record).toMatchObject({ value: undefined, base: unreadable });
  });

  it("S-19: a pending edit is kept beside it, as it is", () => {
    const current = pending({ a: 3, b: 1 });
    expect(rebase(current, unreadable)).toEqual({ record: { ...current, base: unreadable }, conflict: null });
  });

  it("S-19: once it can be read, the pending edit is merged with it", () => {
    const current = pending({ a: 3, mine: 1 }, { base: unreadable, modifiedAt: noon + 9 });
    const { record, conflict } = rebase(current, { ...remoteA, commit: commitOf("two") });
    expect(record).toMatchObject({ value: { a: 3, b: 1, mine: 1 }, base: remoteA });
    expect(conflict).toMatchObject({ clashes: ["/a"] });
  });
});

describe("S-19: values of two versions of an app", () => {
  const upgrade = (value: JsonValue): JsonValue =>
    typeof value === "object" && value !== null && "n" in value ? { n: Number(value["n"]) * 10 } : value;
  const base = liveAt({ n: 1 }, { count: 1, commit: "one" });
  const edited = pendingOf("k", { n: 30 }, { base, schema: 2, modifiedAt: noon });

  it("the remote version stays as it was written; only the comparing is done in the newer form", () => {
    const remote = liveAt({ n: 5 }, { count: 2, commit: "two", modifiedAt: noon + 100 });
    const { record } = rebase(edited, remote, { version: 2, upgrade });
    expect(record).toMatchObject({ value: { n: 5 }, schema: 1, base: { content: { value: { n: 5 } } } });
    const older = liveAt({ n: 5 }, { count: 2, commit: "two", modifiedAt: noon - 100 });
    const kept = rebase(edited, older, { version: 2, upgrade }).record;
    expect(kept).toMatchObject({ value: { n: 30 }, schema: 2, base: { schema: 1, content: { value: { n: 5 } } } });
  });

  it("what can't be brought into one form waits for a person, and is not pushed", () => {
    const remote = liveAt({ n: 5 }, { count: 2, commit: "two" });
    const failing = () => {
      throw new TypeError("no old value");
    };
    const { record, conflict } = rebase(edited, remote, { version: 2, upgrade: failing });
    expect(record).toMatchObject({ value: { n: 30 }, hold: { type: "conflict" } });
    expect(conflict).toMatchObject({ state: "open", remote: { n: 5 } });
  });
});
