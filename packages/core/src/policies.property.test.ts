import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyEdits, anyJson, nastyNames } from "../test/json-arbitrary.ts";
import type { AnyResolver, JsonPointer, PathPolicy } from "./conflict.ts";
import { getOwn, isJsonArray, isJsonObject, jsonEquals, pathToPointer, type JsonValue } from "./json-value.ts";
import { listById, unionSet } from "./list-policy.ts";
import { mergeValues } from "./merge.ts";
import { counter, highest, lowest } from "./number-policy.ts";
import { diffValues } from "./patch.ts";
import { byPath, localWins, newestWins, remoteWins } from "./resolvers.ts";
import { text } from "./text-policy.ts";

const runs = { seed: 20_260_704, numRuns: 1_500 };

type Value = JsonValue | undefined;

function expectEqual(a: Value, b: Value): void {
  if (!jsonEquals(a, b)) expect(a).toEqual(b);
  expect(jsonEquals(a, b)).toBe(true);
}

const count = fc.integer({ min: -5, max: 5 });
const words = fc.stringMatching(/^[ab中😀 \n]{0,12}$/u);
const members = fc.array(fc.oneof(count, fc.constantFrom<JsonValue>("x", { p: 1, q: 2 }, { q: 2, p: 1 }, [1], null)), {
  maxLength: 5,
});
const row = fc.record({
  id: fc.oneof(fc.constantFrom<JsonValue>("a", "b", "c", "d", 1, "1"), fc.constant<JsonValue>(null)),
  n: count,
  t: words,
});
const rows = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.uniqueArray(
      row.filter(({ id }) => id !== null),
      { maxLength: 5, selector: ({ id }) => id },
    ),
  },
  { weight: 1, arbitrary: fc.array(row, { maxLength: 3 }) },
);

/** Values that a policy is for, mixed with all that it is not for. */
const meant = fc.oneof(
  { weight: 8, arbitrary: fc.oneof<fc.Arbitrary<JsonValue>[]>(count, words, members, rows) },
  { weight: 1, arbitrary: anyJson },
);
const anyRecord = fc.oneof(
  { weight: 8, arbitrary: fc.dictionary(fc.constantFrom(...nastyNames), meant, { maxKeys: 5 }) },
  { weight: 1, arbitrary: anyJson },
);

const anyPolicy: fc.Arbitrary<PathPolicy> = fc.constantFrom(
  ...[
    counter(),
    highest(),
    lowest(),
    unionSet(),
    text(),
    listById("id"),
    listById("id", { "/n": counter(), "/t": text() }),
  ],
);
const anyPointer = fc
  .array(fc.constantFrom(...nastyNames), { minLength: 1, maxLength: 2 })
  .map((path): JsonPointer => `/${pathToPointer(path).slice(1)}`);
const anyOtherwise: fc.Arbitrary<AnyResolver> = fc.constantFrom(newestWins, localWins, remoteWins);
/** Any policies at any paths, one inside another too. */
const anyPolicies = fc.dictionary(anyPointer, anyPolicy, { maxKeys: 6 });

const threeOf = <T>(value: fc.Arbitrary<T>) => fc.tuple(value, value, value);
const sidesWithPolicies = fc.oneof(threeOf(fc.option(anyRecord, { nil: undefined, freq: 8 })), anyEdits);

const isOpposite = new Map<AnyResolver, AnyResolver>([
  [newestWins, newestWins],
  [localWins, remoteWins],
  [remoteWins, localWins],
]);

describe("byPath, whatever the policies", () => {
  it("MERGE-5: swapping both sides swaps nothing but their names", () => {
    const property = fc.property(
      sidesWithPolicies,
      anyPolicies,
      anyOtherwise,
      ([base, local, remote], policies, other) => {
        const one = mergeValues({
          base,
          local,
          remote,
          localModifiedAt: 1,
          remoteModifiedAt: 2,
          resolver: byPath(policies, other),
        });
        const swapped = byPath(policies, isOpposite.get(other) ?? other);
        const two = mergeValues({
          base,
          local: remote,
          remote: local,
          localModifiedAt: 2,
          remoteModifiedAt: 1,
          resolver: swapped,
        });
        expect(two.clashes).toEqual(one.clashes);
        expectEqual(two.value, one.value);
      },
    );
    fc.assert(property, runs);
  });

  it("MERGE-1: what one side did alone is kept whole, and merging with base = local gives remote", () => {
    const property = fc.property(sidesWithPolicies, anyPolicies, ([base, edited], policies) => {
      // Without a base both sides have started from nothing: there is no side that did nothing.
      fc.pre(base !== undefined);
      for (const sides of [
        { local: base, remote: edited },
        { local: edited, remote: base },
      ]) {
        const { value, clashes } = mergeValues({ base, ...sides, resolver: byPath(policies) });
        expectEqual(value, edited);
        expect(clashes).toEqual([]);
      }
    });
    fc.assert(property, runs);
  });

  it("MERGE-1: what was merged, merged again with either side upon the other, stays", () => {
    const property = fc.property(sidesWithPolicies, anyPolicies, ([base, local, remote], policies) => {
      const resolver = byPath(policies);
      const { value } = mergeValues({ base, local, remote, resolver });
      fc.pre(remote !== undefined);
      expectEqual(mergeValues({ base: remote, local: value, remote, resolver }).value, value);
    });
    fc.assert(property, runs);
  });

  it("MERGE-5: inputs stay as they are, the same again gives the same, and no prototype changes", () => {
    const property = fc.property(sidesWithPolicies, anyPolicies, ([base, local, remote], policies) => {
      const before = JSON.stringify([base, local, remote]);
      const resolver = byPath(policies);
      const [one, two] = [
        mergeValues({ base, local, remote, resolver }),
        mergeValues({ base, local, remote, resolver }),
      ];
      expect(JSON.stringify(one)).toBe(JSON.stringify(two));
      expect(JSON.stringify([base, local, remote])).toBe(before);
      expect(Object.isFrozen(one.value) || typeof one.value !== "object").toBe(true);
      expect(Object.keys(Object.prototype)).toEqual([]);
    });
    fc.assert(property, runs);
  });

  it("MERGE-2: what differs between taking the one side and the other lies in the clashes", () => {
    const property = fc.property(sidesWithPolicies, anyPolicies, ([base, local, remote], policies) => {
      const ours = mergeValues({ base, local, remote, resolver: byPath(policies, localWins) });
      const theirs = mergeValues({ base, local, remote, resolver: byPath(policies, remoteWins) });
      expect(theirs.clashes).toEqual(ours.clashes);
      for (const { path } of diffValues(ours.value, theirs.value)) {
        expect(ours.clashes.some((clash) => clash === path || path.startsWith(`${clash}/`))).toBe(true);
      }
    });
    fc.assert(property, runs);
  });
});

describe("policies that promise it: the order in which three devices merge does not matter", () => {
  // Each was edited from one base; the first to land is the cloud's, and each further is laid upon it.
  const inOrder = (base: JsonValue, edits: readonly JsonValue[], resolver: AnyResolver): Value =>
    edits.reduce<Value>((remote, local) => mergeValues({ base, local, remote, resolver }).value, base);

  function expectAnyOrder(policy: PathPolicy, value: fc.Arbitrary<JsonValue>): void {
    const resolver = byPath({ "/v": policy });
    const property = fc.property(value, threeOf(value), (v, [a, b, c]) => {
      const [base, ...edits] = [v, a, b, c].map((inner): JsonValue => ({ v: inner }));
      if (base === undefined) return;
      const [x, y, z] = edits;
      if (x === undefined || y === undefined || z === undefined) return;
      const first = inOrder(base, [x, y, z], resolver);
      for (const order of [
        [x, z, y],
        [y, x, z],
        [y, z, x],
        [z, x, y],
        [z, y, x],
      ]) {
        expectEqual(inOrder(base, order, resolver), first);
      }
    });
    fc.assert(property, runs);
  }

  it("MERGE-5: counter", () => expectAnyOrder(counter(), count));
  it("MERGE-5: highest", () => expectAnyOrder(highest(), fc.nat(9)));
  it("MERGE-5: lowest", () => expectAnyOrder(lowest(), fc.nat(9)));
  it("MERGE-5: unionSet", () => expectAnyOrder(unionSet(), members));
});

describe("unionSet and listById by themselves", () => {
  const textOf = (value: JsonValue): string =>
    JSON.stringify(value, (_name, inner: unknown) =>
      typeof inner === "object" && inner !== null && !Array.isArray(inner)
        ? Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))
        : inner,
    );

  it("unionSet: what either added is in, what either removed is out, all else stays, each once", () => {
    const property = fc.property(threeOf(members), ([base, local, remote]) => {
      fc.pre([local, remote].every((side) => !jsonEquals(side, base)) && !jsonEquals(local, remote));
      const { value, clashes } = mergeValues({
        base: { v: base },
        local: { v: local },
        remote: { v: remote },
        resolver: byPath({ "/v": unionSet() }),
      });
      const merged = isJsonObject(value) ? value["v"] : undefined;
      const texts = (isJsonArray(merged) ? merged : []).map(textOf);
      const [before, ours, theirs] = [base, local, remote].map((list) => new Set(list.map(textOf)));
      const isIn = (member: string) => (before?.has(member) ? ours?.has(member) && theirs?.has(member) : true) === true;
      const all = [...base, ...local, ...remote].map(textOf);
      expect(clashes).toEqual([]);
      expect(new Set(texts)).toEqual(new Set(all.filter(isIn)));
      expect(new Set(texts).size).toBe(texts.length);
    });
    fc.assert(property, runs);
  });

  const list = fc.uniqueArray(fc.record({ id: fc.constantFrom("a", "b", "c", "d", "e", 1, "1"), n: count }), {
    maxLength: 6,
    selector: ({ id }) => id,
  });

  it("listById: each item once; added by one is in, removed by one and untouched by the other is out, edits are kept", () => {
    const property = fc.property(threeOf(list), ([base, local, remote]) => {
      fc.pre([local, remote].every((side) => !jsonEquals(side, base)));
      const resolver = byPath({ "/v": listById("id") });
      const { value } = mergeValues({ base: { v: base }, local: { v: local }, remote: { v: remote }, resolver });
      const merged = isJsonObject(value) ? value["v"] : undefined;
      const items = new Map(
        (isJsonArray(merged) ? merged : []).map((item) => [isJsonObject(item) ? getOwn(item, "id") : null, item]),
      );
      expect(items.size).toBe(isJsonArray(merged) ? merged.length : -1);
      const itemOf = (side: typeof base, id: JsonValue) => side.find((item) => item.id === id);
      for (const { id } of [...base, ...local, ...remote]) {
        const [before, ours, theirs] = [itemOf(base, id), itemOf(local, id), itemOf(remote, id)];
        if (jsonEquals(before, ours)) expectEqual(items.get(id), theirs);
        else if (jsonEquals(before, theirs)) expectEqual(items.get(id), ours);
        else expect([ours, theirs].some((side) => jsonEquals(items.get(id), side))).toBe(true);
      }
    });
    fc.assert(property, runs);
  });

  it("listById: where only one side moved items, its order holds for what both have", () => {
    const property = fc.property(list, fc.infiniteStream(fc.nat()), list, (base, picks, extra) => {
      const moved = [...base];
      for (let at = moved.length - 1; at > 0; at--) {
        const other = (picks.next().value ?? 0) % (at + 1);
        const [a, b] = [moved[at], moved[other]];
        if (a && b) [moved[at], moved[other]] = [b, a];
      }
      const added = extra.filter(({ id }) => base.every((item) => item.id !== id));
      const resolver = byPath({ "/v": listById("id") });
      const { value, clashes } = mergeValues({
        base: { v: base },
        local: { v: moved },
        remote: { v: [...base, ...added] },
        resolver,
      });
      const merged = isJsonObject(value) ? value["v"] : undefined;
      const shared = (isJsonArray(merged) ? merged : []).filter((item) => base.some((old) => jsonEquals(old, item)));
      expect(clashes).toEqual([]);
      expectEqual(shared, moved);
    });
    fc.assert(property, runs);
  });
});

describe("text by itself", () => {
  const lineText = fc
    .array(fc.constantFrom("one two", "three 😀😀", "中文字", "", "a  b"), { maxLength: 5 })
    .map((lines) => lines.join("\n"));
  const resolver = byPath({ "/v": text() });
  const textIn = (value: Value): string => {
    const merged = isJsonObject(value) ? value["v"] : undefined;
    if (typeof merged !== "string") throw new Error("The merge gave no text.");
    return merged;
  };
  const mergedText = (base: string, local: string, remote: string) => {
    const { value, clashes } = mergeValues({ base: { v: base }, local: { v: local }, remote: { v: remote }, resolver });
    return { text: textIn(value), clashes };
  };

  it("every sign of the result is of one of the three, and no surrogate pair is split", () => {
    const property = fc.property(threeOf(fc.oneof(lineText, words)), ([base, local, remote]) => {
      const { text: merged } = mergedText(base, local, remote);
      expect(/\p{Surrogate}/u.test(merged)).toBe(false);
      const known = new Set([base, local, remote].flatMap((side) => Array.from(side)));
      expect(Array.from(merged).every((sign) => known.has(sign))).toBe(true);
    });
    fc.assert(property, runs);
  });

  it("edits of different lines are both kept, without a clash", () => {
    const property = fc.property(fc.nat(4), fc.nat(4), (mine, theirs) => {
      fc.pre(Math.abs(mine - theirs) > 0);
      const lines = ["first line", "second 😀 line", "third", "fourth 中文", "fifth"];
      const edited = (at: number, word: string) =>
        lines.map((line, index) => (index === at ? `${word} ${line}` : line)).join("\n");
      const { text: merged, clashes } = mergedText(lines.join("\n"), edited(mine, "mine"), edited(theirs, "theirs"));
      expect(clashes).toEqual([]);
      const expected = lines.map((line, at) =>
        at === mine ? `mine ${line}` : at === theirs ? `theirs ${line}` : line,
      );
      expect(merged).toBe(expected.join("\n"));
    });
    fc.assert(property, { ...runs, numRuns: 100 });
  });
});
