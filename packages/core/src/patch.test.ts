import { describe, expect, it } from "vitest";
import { parseValue, pointerToPath, type JsonValue } from "./json-value.ts";
import { diffValues } from "./patch.ts";

describe("diffValues", () => {
  it("C07: an empty list is not an empty object, nor a list an object of numbered fields", () => {
    expect(diffValues([], {})).toEqual([{ op: "replace", path: "", value: {} }]);
    expect(diffValues({}, [])).toEqual([{ op: "replace", path: "", value: [] }]);
    expect(diffValues({ "0": 4 }, [4])).toEqual([{ op: "replace", path: "", value: [4] }]);
    expect(diffValues({ a: [] }, { a: {} })).toEqual([{ op: "replace", path: "/a", value: {} }]);
  });

  it("C08: a field that is undefined is a field that is not there", () => {
    const [first, second, third] = [
      { a: undefined, b: 1 },
      { a: { id: 7 }, b: 1 },
      { a: undefined, b: 1 },
    ].map(parseValue);
    expect(diffValues(first, second)).toEqual([{ op: "add", path: "/a", value: { id: 7 } }]);
    expect(diffValues(second, third)).toEqual([{ op: "remove", path: "/a" }]);
    expect(diffValues(third, first)).toEqual([]);
  });

  it("C09: escapes names, in one path that decodes to them", () => {
    const from = { "a/b": { "c~d": 1 }, "~1": 1, "": 1, a: { b: 9 } };
    const patch = diffValues(from, { "a/b": { "c~d": 2 }, "~1": 2, "": 2, a: { b: 9 } });
    expect(patch.map(({ op, path }) => [op, path])).toEqual([
      ["replace", "/a~1b/c~0d"],
      ["replace", "/~01"],
      ["replace", "/"],
    ]);
    expect(patch.map(({ path }) => pointerToPath(path))).toEqual([["a/b", "c~d"], ["~1"], [""]]);
  });

  it("C10: honest names that belong to prototypes", () => {
    const from: JsonValue = JSON.parse('{"constructor":{"name":"A","prototype":"X1"},"toString":1}');
    const to: JsonValue = JSON.parse('{"constructor":{"name":"B","prototype":"X1"},"__proto__":2}');
    expect(diffValues(from, to)).toEqual([
      { op: "replace", path: "/constructor/name", value: "B" },
      { op: "remove", path: "/toString" },
      { op: "add", path: "/__proto__", value: 2 },
    ]);
    expect("name" in {}).toBe(false);
  });

  it("C37: the order of keys is no change", () => {
    expect(diffValues({ b: 1, a: { d: 1, c: 2 } }, { a: { c: 2, d: 1 }, b: 1 })).toEqual([]);
  });

  it("C59: a list is one value, so that a patch is never larger than its field", () => {
    const rows = Array.from({ length: 1_000 }, (_, id) => ({ id, t: "x".repeat(100) }));
    const next = { rows: rows.slice(1), n: 1 };
    expect(diffValues({ rows, n: 1 }, next)).toEqual([{ op: "replace", path: "/rows", value: next.rows }]);
  });

  it("a record comes and goes as a whole", () => {
    expect(diffValues(undefined, { a: 1 })).toEqual([{ op: "add", path: "", value: { a: 1 } }]);
    expect(diffValues({ a: 1 }, undefined)).toEqual([{ op: "remove", path: "" }]);
    expect(diffValues(undefined, null)).toEqual([{ op: "add", path: "", value: null }]);
    expect(diffValues(undefined, undefined)).toEqual([]);
  });
});
