import { describe, expect, it, vi } from "vitest";
import type { Conflict, Resolution } from "./conflict.ts";
import { jsonEquals, parseValue, pointerToPath, type JsonValue } from "./json-value.ts";
import { valueBytesMax } from "./limits.ts";
import { mergeRecords, mergeValues, type MergeInput, type MergeResolver } from "./merge.ts";
import { askUser, localWins, newestWins, remoteWins } from "./resolvers.ts";

type Edits = readonly [base: JsonValue | undefined, local: JsonValue | undefined, remote: JsonValue | undefined];

function inputOf([base, local, remote]: Edits, options: Partial<MergeInput> = {}): MergeInput {
  const frozen = (value: JsonValue | undefined) => (value === undefined ? undefined : parseValue(value));
  return {
    key: "k",
    ...{ base: frozen(base), local: frozen(local), remote: frozen(remote) },
    ...{ localModifiedAt: 1, remoteModifiedAt: 2, resolver: undefined },
    ...options,
  };
}

/** A resolver that answers what JavaScript allows, not only what its type says. */
function careless(answer: () => unknown): MergeResolver {
  const resolver: (conflict: Conflict<JsonValue>) => never = (_conflict) => {
    const given: unknown = answer();
    return given as never;
  };
  return resolver;
}

const task: Edits = [
  { label: "milk", done: false },
  { label: "2 l milk", done: false },
  { label: "oat milk", done: true },
];

describe("mergeValues", () => {
  it("C01: asks once, with exactly what clashes; all else is merged", () => {
    const resolver = vi.fn<MergeResolver>(localWins);
    const [base, local, remote] = task;
    expect(mergeValues({ base, local, remote, resolver })).toEqual({
      value: { label: "2 l milk", done: true },
      clashes: ["/label"],
    });
    expect(resolver).toHaveBeenCalledOnce();
    expect(resolver.mock.calls[0]?.[0]).toMatchObject({ base, local, remote, clashes: ["/label"] });
  });

  it.each<readonly [string, Edits, JsonValue | undefined, readonly string[]]>([
    ["one side's change", [{ a: 1 }, { a: 2 }, { a: 1 }], { a: 2 }, []],
    [
      "different fields",
      [
        { a: 1, b: 1 },
        { a: 2, b: 1 },
        { a: 1, b: 2 },
      ],
      { a: 2, b: 2 },
      [],
    ],
    [
      "fields deep inside",
      [{ o: { a: 1, b: 1 } }, { o: { a: 2, b: 1 } }, { o: { a: 1, b: 2 } }],
      { o: { a: 2, b: 2 } },
      [],
    ],
    ["the same change", [{ a: 1 }, { a: [2] }, { a: [2] }], { a: [2] }, []],
    ["one adds, one removes", [{ a: 1 }, { a: 1, b: 1 }, {}], { b: 1 }, []],
    ["both remove a field", [{ a: 1, b: 1 }, { b: 1 }, { b: 1 }], { b: 1 }, []],
    ["both add an object", [{}, { o: { a: 1 } }, { o: { b: 2 } }], { o: { a: 1, b: 2 } }, []],
    [
      "another order of keys",
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
        { a: 3, b: 2 },
      ],
      { a: 3, b: 2 },
      [],
    ],
    ["null is a value", [{ a: 1 }, { a: null }, { a: 1 }], { a: null }, []],
    ["both sides removed", [{ a: 1 }, undefined, undefined], undefined, []],
    ["removed here, untouched there", [{ a: 1 }, undefined, { a: 1 }], undefined, []],
    ["added here alone", [undefined, { a: 1 }, undefined], { a: 1 }, []],
    [
      "edited inside what was removed",
      [{ o: { a: 1 }, b: 1 }, { b: 1 }, { o: { a: 2 }, b: 1 }],
      { o: { a: 2 }, b: 1 },
      ["/o"],
    ],
    ["edited inside what was replaced", [{ o: { a: 1 } }, { o: 5 }, { o: { a: 2 } }], { o: { a: 2 } }, ["/o"]],
    ["an object against a list", [{ o: { a: 1 } }, { o: [] }, { o: {} }], { o: {} }, ["/o"]],
    ["a list is one value", [{ l: [1, 2] }, { l: [1] }, { l: [1, 2, 3] }], { l: [1, 2, 3] }, ["/l"]],
    ["text for objects on both sides", [{ o: "t" }, { o: { a: 1 } }, { o: { b: 1 } }], { o: { b: 1 } }, ["/o"]],
    ["two-way, objects", [undefined, { a: 1, c: 1 }, { b: 2, c: 2 }], { a: 1, b: 2, c: 2 }, ["/c"]],
    ["two-way, else", [undefined, 1, { a: 1 }], { a: 1 }, [""]],
    ["two-way, equal", [undefined, [1], [1]], [1], []],
  ])("%s", (_what, [base, local, remote], value, clashes) => {
    expect(mergeValues({ base, local, remote })).toEqual({ value, clashes });
  });

  it("C02, MERGE-3: a removal against an edit is a clash of the whole record; the edit wins", () => {
    expect(mergeValues({ base: { n: 1 }, remote: { n: 2 } })).toEqual({ value: { n: 2 }, clashes: [""] });
    expect(mergeValues({ base: { n: 1 }, local: { n: 2 } })).toEqual({ value: { n: 2 }, clashes: [""] });
    const resolver = vi.fn<MergeResolver>(remoteWins);
    expect(mergeValues({ base: { n: 1 }, local: { n: 2 }, resolver })).toEqual({ value: undefined, clashes: [""] });
    expect(resolver).toHaveBeenCalledOnce();
  });

  it("C04, MERGE-2: by default changed rows of a list are one conflict, and no row is made up", () => {
    const row = (id: string, q = 1) => ({ id, q });
    const base = { rows: [row("a"), row("b"), row("c")] };
    const local = { rows: [row("b"), row("c")] };
    const remote = { rows: [row("a"), row("b"), row("c", 5)] };
    expect(mergeValues({ base, local, remote })).toEqual({ value: remote, clashes: ["/rows"] });
    expect(mergeValues({ base, local, remote, resolver: localWins })).toEqual({ value: local, clashes: ["/rows"] });
  });

  it("C09: a clash under nasty names is one path that decodes to them", () => {
    const base = { "a/b": { "c~d": 1 }, "~1": 1, "": 1, a: { b: 9 } };
    const local = { "a/b": { "c~d": 2 }, "~1": 2, "": 2, a: { b: 9 } };
    const remote = { "a/b": { "c~d": 3 }, "~1": 1, "": 1, a: { b: 9 } };
    const { value, clashes } = mergeValues({ base, local, remote });
    expect(value).toEqual({ "a/b": { "c~d": 3 }, "~1": 2, "": 2, a: { b: 9 } });
    expect(clashes.map(pointerToPath)).toEqual([["a/b", "c~d"]]);
  });

  it("C10: fields called constructor and prototype merge like any", () => {
    const base = { constructor: { name: "Alpha", prototype: "X1" } };
    const local = { constructor: { name: "Beta", prototype: "X1" } };
    const remote = { constructor: { name: "Alpha", prototype: "X2" } };
    const merged = { constructor: { name: "Beta", prototype: "X2" } };
    expect(mergeValues({ base, local, remote })).toEqual({ value: merged, clashes: [] });
    const proto: JsonValue = JSON.parse('{"__proto__":{"polluted":1}}');
    expect(JSON.stringify(mergeValues({ base: {}, local: proto, remote: { a: 1 } }).value)).toBe(
      '{"a":1,"__proto__":{"polluted":1}}',
    );
    expect("polluted" in {}).toBe(false);
  });

  it("MERGE-4: takes the newer side where times are given, and the remote one at equal times", () => {
    const [base, local, remote] = task;
    const labelOf = (localModifiedAt: number, localWinsTie = false) => {
      const { value } = mergeValues({ base, local, remote, localModifiedAt, remoteModifiedAt: 5, localWinsTie });
      return value;
    };
    expect(labelOf(6)).toEqual({ label: "2 l milk", done: true });
    expect(labelOf(5)).toEqual({ label: "oat milk", done: true });
    expect(labelOf(5, true)).toEqual({ label: "2 l milk", done: true });
    expect(labelOf(4)).toEqual({ label: "oat milk", done: true });
  });

  it("leaves its inputs as they are, and keeps the local value where a person is asked", () => {
    const [base, local, remote] = structuredClone(task);
    expect(mergeValues({ base, local, remote, resolver: askUser })).toEqual({ value: local, clashes: ["/label"] });
    expect([base, local, remote]).toEqual(task);
    expect([base, local, remote].some(Object.isFrozen)).toBe(false);
  });

  it("merges records of 2 kB right", () => {
    const field = (name: number, text: string) => [`field${name}`, { text: text.repeat(40), n: name }] as const;
    const record = (changed: readonly number[], text: string) =>
      Object.fromEntries(Array.from({ length: 32 }, (_, name) => field(name, changed.includes(name) ? text : "-")));
    const merged = mergeValues({ base: record([], ""), local: record([1, 2], "l"), remote: record([2, 3], "r") });
    const expected = { ...record([2, 3], "r"), ...Object.fromEntries([field(1, "l")]) };
    expect(merged).toEqual({ value: expected, clashes: ["/field2/text"] });
  });
});

describe("mergeRecords", () => {
  it("is clean without asking where nothing clashes, and gives the remote object itself where it says all", () => {
    const resolver = vi.fn<MergeResolver>(newestWins);
    const input = inputOf([{ a: 1 }, { a: 1 }, { a: 2 }], { resolver });
    const outcome = mergeRecords(input);
    expect(outcome).toEqual({ type: "clean", value: { a: 2 } });
    expect(outcome.type === "clean" && outcome.value === input.remote).toBe(true);
    expect(resolver).not.toHaveBeenCalled();
  });

  it("gives a resolver all that it needs, frozen", () => {
    const resolver = vi.fn<MergeResolver>(() => ({ type: "removed" }));
    const input = inputOf(task, { resolver });
    const outcome = mergeRecords(input);
    const conflict = resolver.mock.calls[0]?.[0];
    expect(conflict).toEqual({
      ...{ key: "k", base: task[0], local: task[1], remote: task[2], localModifiedAt: 1, remoteModifiedAt: 2 },
      clashes: ["/label"],
      localPatch: [{ op: "replace", path: "/label", value: "2 l milk" }],
      remotePatch: [
        { op: "replace", path: "/label", value: "oat milk" },
        { op: "replace", path: "/done", value: true },
      ],
    });
    const parts: readonly unknown[] = [
      conflict,
      conflict?.clashes,
      conflict?.localPatch,
      conflict?.localPatch[0],
      conflict?.local,
    ];
    expect(parts.every(Object.isFrozen)).toBe(true);
    expect(outcome).toMatchObject({ type: "resolved", value: undefined });
  });

  it("takes a resolver's value, copied", () => {
    const value = { label: "both", done: true };
    const outcome = mergeRecords(inputOf(task, { resolver: () => ({ type: "value", value }) }));
    expect(outcome).toMatchObject({ type: "resolved", value });
    expect(outcome.type === "resolved" && outcome.value !== value && Object.isFrozen(outcome.value)).toBe(true);
  });

  it.each<readonly [string, () => unknown]>([
    ["asks", () => ({ type: "ask" })],
    [
      "throws",
      () => {
        throw new TypeError("no 2 l milk");
      },
    ],
    [
      "throws no error",
      () => {
        throw "2 l milk";
      },
    ],
    ["C15: gives a promise", () => Promise.resolve({ type: "local" })],
    ["gives a promise that fails", () => Promise.reject(new Error("later"))],
    ["gives nothing", () => undefined],
    ["gives null", () => null],
    ["gives a type that there is not", () => ({ type: "newest" })],
    ["gives no value", () => ({ type: "value" })],
    ["gives a value of undefined", () => ({ type: "value", value: undefined })],
    ["gives a value that is no JSON", () => ({ type: "value", value: { at: new Date(0) } })],
    ["gives a value that is too large", () => ({ type: "value", value: "x".repeat(valueBytesMax + 1) })],
    [
      "fails while its answer is read",
      () => ({
        type: "value",
        get value() {
          throw new Error("2 l milk");
        },
      }),
    ],
  ])("MERGE-4: a person is asked where the resolver %s", (_what, answer) => {
    const outcome = mergeRecords(inputOf(task, { resolver: careless(answer) }));
    expect(outcome).toMatchObject({ type: "asked", conflict: { clashes: ["/label"] } });
    expect(outcome.type === "asked" && outcome.reason).toMatch(
      /^Both sides changed \/label; .*a person must decide\.$/,
    );
    expect(outcome.type === "asked" && outcome.reason).not.toContain("2 l milk");
  });

  it.each<readonly [string, Partial<MergeInput>, string]>([
    ["newer here", { localModifiedAt: 3 }, "Both sides changed /label; the newer edit won, this device's."],
    ["newer there", {}, "Both sides changed /label; the newer edit won, the cloud's."],
    [
      "same time",
      { localModifiedAt: 2 },
      "Both sides changed /label; both at the same time, and the cloud's edit won.",
    ],
    ["removed", { local: undefined }, "This device removed the record and another edited it; the edit won."],
    ["by resolver", { resolver: localWins }, "Both sides changed /label; the resolver took this device's side."],
  ])("says why: %s", (_what, options, reason) => {
    expect(mergeRecords(inputOf(task, options))).toMatchObject({ type: "resolved", reason });
  });

  it("names at most five places", () => {
    const record = (n: number) => Object.fromEntries(["a", "b", "c", "d", "e", "f", "g"].map((name) => [name, n]));
    const outcome = mergeRecords(inputOf([record(0), record(1), record(2)]));
    expect(outcome.type === "resolved" && outcome.reason).toMatch(
      /^Both sides changed \/a, \/b, \/c, \/d, \/e and 2 more;/,
    );
  });

  it("what fits into no record together clashes as a whole", () => {
    const long = "x".repeat(valueBytesMax * 0.6);
    const edits: Edits = [{}, { a: long }, { b: long }];
    const outcome = mergeRecords(inputOf(edits));
    expect(outcome).toMatchObject({ type: "resolved", conflict: { clashes: [""] } });
    expect(outcome.type === "resolved" && jsonEquals(outcome.value, edits[2])).toBe(true);
    const local = mergeRecords(inputOf(edits, { resolver: localWins }));
    expect(local.type === "resolved" && jsonEquals(local.value, edits[1])).toBe(true);
  });

  it("C06: an edit made on top of the other's is no conflict, whatever the clocks say", () => {
    const resolver = vi.fn<(conflict: Conflict<JsonValue>) => Resolution<JsonValue>>(() => ({ type: "local" }));
    const edits: Edits = ["one", "two", "one"];
    for (const localModifiedAt of [-86_400_000, 86_400_000]) {
      expect(mergeRecords(inputOf(edits, { localModifiedAt, resolver }))).toEqual({ type: "clean", value: "two" });
    }
    expect(resolver).not.toHaveBeenCalled();
  });
});
