import { describe, expect, it } from "vitest";
import type { PathPolicy } from "./conflict.ts";
import type { JsonValue } from "./json-value.ts";
import { listById, unionSet } from "./list-policy.ts";
import { mergeValues } from "./merge.ts";
import { counter, highest, lowest } from "./number-policy.ts";
import { byPath, localWins } from "./resolvers.ts";
import { text } from "./text-policy.ts";

type Value = JsonValue | undefined;
type Case = readonly [what: string, policy: PathPolicy, sides: readonly [Value, Value, Value], merged: Value];

const field = (v: Value): JsonValue => (v === undefined ? {} : { v });
const merge = (policy: PathPolicy, [base, local, remote]: readonly [Value, Value, Value]) =>
  mergeValues({
    ...{ base: field(base), local: field(local), remote: field(remote) },
    resolver: byPath({ "/v": policy }),
  });

describe("what a policy merges", () => {
  it.each<Case>([
    ["counter: both add", counter(), [1, 3, 6], 8],
    ["counter: both add the same", counter(), [1, 2, 2], 3],
    ["counter: absent in the base is 0", counter(), [undefined, 2, 3], 5],
    ["counter: fractions, and back to 0", counter(), [0.5, 0.25, 0.25], 0],
    ["highest", highest(), [1, 3, 2], 3],
    ["lowest: also of two that both added", lowest(), [undefined, 3, 2], 2],
    [
      "unionSet: added and removed",
      unionSet(),
      [
        ["a", "b"],
        ["b", "x"],
        ["a", "b", "c"],
      ],
      ["b", "c", "x"],
    ],
    ["unionSet: objects by value", unionSet(), [[], [{ p: 1, q: 2 }], [{ q: 2, p: 1 }, 1]], [1, { p: 1, q: 2 }]],
    ["text: words far apart", text(), ["one two three", "1 two three", "one two 3"], "1 two 3"],
    [
      "C04: listById: removed here, another edited there",
      listById("id"),
      [
        [
          { id: "a", q: 1 },
          { id: "b", q: 1 },
        ],
        [{ id: "b", q: 1 }],
        [
          { id: "a", q: 1 },
          { id: "b", q: 5 },
        ],
      ],
      [{ id: "b", q: 5 }],
    ],
    [
      "listById: a list in an item, its counters and both insert at one place",
      listById("id", { "/parts": listById("id", { "/n": counter() }) }),
      [
        [{ id: 1, parts: [{ id: "p", n: 1 }] }],
        [{ id: 1, parts: [{ id: "p", n: 2 }, { id: "x" }] }],
        [{ id: 1, parts: [{ id: "p", n: 3 }, { id: "r" }] }],
      ],
      [{ id: 1, parts: [{ id: "p", n: 4 }, { id: "r" }, { id: "x" }] }],
    ],
    [
      "listById: the number 1 is not the text 1",
      listById("id"),
      [[], [{ id: 1 }], [{ id: "1" }]],
      [{ id: "1" }, { id: 1 }],
    ],
  ])("%s", (_what, policy, sides, merged) => {
    expect(merge(policy, sides)).toEqual({ value: field(merged), clashes: [] });
    const [base, local, remote] = sides;
    expect(merge(policy, [base, remote, local]).value).toEqual(field(merged));
  });

  it.each<readonly [what: string, policy: PathPolicy, sides: readonly [Value, Value, Value]]>([
    ["counter: text", counter(), [1, "2", 3]],
    ["counter: null in the base", counter(), [null, 2, 3]],
    ["counter: removed on one side", counter(), [1, undefined, 3]],
    ["counter: a sum that no number holds", counter(), [0, 1.5e308, 1.6e308]],
    ["highest: not both numbers", highest(), [1, null, 3]],
    ["unionSet: replaced by an object", unionSet(), [["a"], {}, ["b"]]],
    ["unionSet: no list in the base", unionSet(), ["a", ["b"], ["c"]]],
    ["text: without a base", text(), [undefined, "one", "two"]],
    ["text: the same word", text(), ["one two", "uno two", "ein two"]],
    ["listById: an item without id", listById("id"), [[], [{ n: 1 }], [{ id: 1 }]]],
    ["listById: two items with one id", listById("id"), [[], [{ id: 1 }, { id: 1, n: 2 }], [{ id: 1 }]]],
    ["listById: an id of another type", listById("id"), [[], [{ id: null }], [{ id: 1 }]]],
    ["listById: an item removed here and edited there", listById("id"), [[{ id: 1 }], [], [{ id: 1, n: 2 }]]],
  ])("what is not a policy's to merge is a clash of its field, and the newer edit wins: %s", (_what, policy, sides) => {
    expect(merge(policy, sides)).toEqual({ value: field(sides[2]), clashes: ["/v"] });
  });
});

describe("where policies stand", () => {
  it("a policy inside another's place holds where the outer one is not for the value", () => {
    const resolver = byPath({ "/v": counter(), "/v/n": counter() });
    const [base, local, remote] = [1, 2, 3].map((n): JsonValue => ({ v: { n } }));
    expect(mergeValues({ base, local, remote, resolver })).toEqual({ value: { v: { n: 4 } }, clashes: [] });
  });

  it("names with slash and tilde, the empty one, and those of prototypes", () => {
    const names = ["a/b", "m~n", "", "__proto__", "constructor"];
    const resolver = byPath({
      "/a~1b": counter(),
      "/m~0n": counter(),
      "/": counter(),
      "/__proto__": counter(),
      "/constructor": counter(),
    });
    const record = (n: number): JsonValue => Object.fromEntries(names.map((name) => [name, n]));
    const { value, clashes } = mergeValues({ base: record(1), local: record(2), remote: record(3), resolver });
    expect(clashes).toEqual([]);
    expect(JSON.stringify(value)).toBe(JSON.stringify(record(4)));
  });

  it("no policy reaches through a list, or into what the other side removed", () => {
    const resolver = byPath({ "/l/0": counter(), "/o/n": counter() }, localWins);
    const lists = [[1], [2], [3]].map((l): JsonValue => ({ l }));
    expect(mergeValues({ base: lists[0], local: lists[1], remote: lists[2], resolver })).toEqual({
      ...{ value: { l: [2] }, clashes: ["/l"] },
    });
    expect(mergeValues({ base: { o: { n: 1 } }, local: { o: { n: 2 } }, remote: {}, resolver })).toEqual({
      ...{ value: { o: { n: 2 } }, clashes: ["/o"] },
    });
  });
});
