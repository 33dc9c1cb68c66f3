import { describe, expect, it } from "vitest";
import {
  fittingForm,
  jsonEquals,
  parseStoredValue,
  parseValue,
  pathToPointer,
  pointerToPath,
  storageForm,
  utf8Bytes,
  type JsonValue,
} from "./json-value.ts";
import { nativeDepthMax, valueBytesMax, valueDepthMax } from "./limits.ts";
import { SyncError } from "./sync-error.ts";

function infoOf(fails: () => unknown): SyncError["info"] {
  try {
    fails();
  } catch (error) {
    if (error instanceof SyncError) return error.info;
    throw error;
  }
  throw new Error("Nothing was thrown.");
}

function nested(levels: number, innermost: JsonValue = 1): JsonValue {
  let value = innermost;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { in: value };
  return value;
}

describe("parseValue", () => {
  it("copies and freezes deeply", () => {
    const input = { list: [{ n: 1 }], text: "a" };
    const value = parseValue(input);
    input.list.push({ n: 2 });
    expect(value).toEqual({ list: [{ n: 1 }], text: "a" });
    expect(Object.isFrozen(value)).toBe(true);
    expect(Object.values(value ?? {}).every((field) => Object.isFrozen(field))).toBe(true);
    expect(Object.isFrozen(input)).toBe(false);
  });

  it("C08: leaves an undefined property out, as JSON does", () => {
    expect(Object.keys(parseValue({ a: undefined, b: 1 }) ?? {})).toEqual(["b"]);
  });

  it("makes -0 0", () => {
    expect(Object.is(parseValue(-0), 0)).toBe(true);
    expect(parseValue([-0])).toEqual([0]);
  });

  it("takes objects without a prototype, and one object in two places", () => {
    const bare: object = Object.assign(Object.create(null), { a: 1 });
    expect(parseValue(bare)).toEqual({ a: 1 });
    const shared = { n: 1 };
    expect(parseValue({ a: shared, b: [shared] })).toEqual({ a: { n: 1 }, b: [{ n: 1 }] });
  });

  it("C10: keeps any name as a name, and no prototype changes", () => {
    const text = '{"__proto__":{"polluted":1},"constructor":{"name":"A","prototype":"X1"},"toString":0}';
    const value = parseValue(JSON.parse(text));
    expect(JSON.stringify(value)).toBe(text);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect("polluted" in {}).toBe(false);
  });

  const cycle: { self?: unknown } = {};
  cycle.self = [cycle];
  class Point {
    x = 1;
  }
  const refused: readonly (readonly [string, unknown, string])[] = [
    ["undefined", undefined, ""],
    ["undefined in an array", { a: [1, undefined] }, "/a/1"],
    ["a hole in an array", Object.assign([1], { length: 2 }), "/1"],
    ["C43: NaN", { x: NaN }, "/x"],
    ["C43: Infinity", { x: Infinity }, "/x"],
    ["-Infinity", [-Infinity], "/0"],
    ["a function", { "a/b": { "c~d": () => 1 } }, "/a~1b/c~0d"],
    ["toJSON, which is not called", { toJSON: () => 1 }, "/toJSON"],
    ["a symbol", [Symbol("s")], "/0"],
    ["a bigint", { n: 1n }, "/n"],
    ["a Date", { due: new Date(0) }, "/due"],
    ["a Map", new Map(), ""],
    ["a Set", new Set(), ""],
    ["a regular expression", /a/, ""],
    ["an Error", new Error("e"), ""],
    ["a boxed number", Object(1), ""],
    ["bytes", new Uint8Array(1), ""],
    ["a Promise", Promise.resolve(1), ""],
    ["an instance of a class", { p: new Point() }, "/p"],
    ["a cycle", cycle, "/self/0"],
    ["half of a surrogate pair", { t: "a\ud800" }, "/t"],
    ["half of a surrogate pair in a name", { "a\udc00": 1 }, "/a\ufffd"],
  ];
  it.each(refused)("refuses %s, with its path", (_what, input, path) => {
    const info = infoOf(() => parseValue(input));
    expect(info.code).toBe("invalid-value");
    expect(info.issues).toEqual([{ path, message: expect.any(String) }]);
    expect(info.message).toContain(path);
    expect(/\p{Surrogate}/u.test(info.message)).toBe(false);
  });

  it("refuses what is nested too deeply, without using up the stack", () => {
    expect(parseValue(nested(valueDepthMax))).toEqual(nested(valueDepthMax));
    expect(infoOf(() => parseValue(nested(valueDepthMax + 1))).code).toBe("invalid-value");
    expect(infoOf(() => parseValue(nested(100_000))).code).toBe("invalid-value");
  });

  it("lets an error of the app's own getter through", () => {
    const input = {
      get a(): number {
        throw new RangeError("of the app");
      },
    };
    expect(() => parseValue(input)).toThrow(RangeError);
  });

  it("says nothing of the value itself", () => {
    expect(infoOf(() => parseValue({ secret: "PIN 1234\ud800" })).message).not.toContain("1234");
  });
});

describe("parseStoredValue", () => {
  it("says that the stored data is damaged", () => {
    const info = infoOf(() => parseStoredValue({ a: NaN }));
    expect(info.code).toBe("internal");
    expect(info.message).toMatch(/damaged.*\/a/);
  });
});

describe("jsonEquals", () => {
  it("C37: does not look at the order of keys", () => {
    expect(jsonEquals({ b: 1, a: { d: 1, c: 2 } }, { a: { c: 2, d: 1 }, b: 1 })).toBe(true);
  });

  it.each<readonly [JsonValue | undefined, JsonValue | undefined]>([
    [[], {}],
    [{ "0": 4 }, [4]],
    [null, undefined],
    [null, {}],
    [{ a: 1 }, { b: 1 }],
    [{ toString: 1 }, { a: 1 }],
    [{}, JSON.parse('{"__proto__":1}')],
    [
      [1, 2],
      [2, 1],
    ],
    ["1", 1],
  ])("tells %j from %j", (a, b) => {
    expect(jsonEquals(a, b)).toBe(false);
    expect(jsonEquals(b, a)).toBe(false);
  });
});

describe("storageForm", () => {
  it("C41: counts bytes, not characters", () => {
    expect(storageForm({ t: "a".repeat(180_000) })).toMatchObject({ form: "native" });
    const info = infoOf(() => storageForm({ t: "😀".repeat(55_000) }));
    expect(info.code).toBe("value-too-large");
    expect(info.message).toContain("220008");
    expect(info.message).toContain(String(valueBytesMax));
    expect(fittingForm("😀".repeat(55_000))).toBe(null);
  });

  it("C42: an empty string is a value", () => {
    expect(storageForm({ s: "" })).toEqual({ form: "native", bytes: 5 });
  });

  it("C43: what DynamoDB's numbers can't hold is stored as text", () => {
    expect(storageForm({ a: 1e100, b: 9007199254740992, c: 0.1, d: -0.000001 }).form).toBe("native");
    for (const number of [1e200, 5e-324, 1e126, -1e126, 9.9e-131]) {
      expect(storageForm({ x: [number] })).toEqual({ form: "json", bytes: JSON.stringify({ x: [number] }).length });
    }
    for (const number of [9.9e125, 1e-130]) expect(storageForm(number).form).toBe("native");
  });

  it("knows how deep DynamoDB nests, and which names it takes", () => {
    expect(storageForm(nested(nativeDepthMax)).form).toBe("native");
    expect(storageForm(nested(nativeDepthMax + 1)).form).toBe("json");
    expect(storageForm({ a: [{ "": 1 }] }).form).toBe("json");
    expect(storageForm({ ["n".repeat(65_536)]: 1 }).form).toBe("json");
  });

  it("counts as DynamoDB documents it", () => {
    expect(storageForm({ ab: [true, null, "中"], n: 12 }).bytes).toBe(
      3 + (1 + 2 + 3 + 3 * 1 + 1 + 1 + 3) + (1 + 1 + 3),
    );
    expect([0, 9, 10, 999, -1, 1 / 3].map((number) => storageForm(number).bytes)).toEqual([2, 2, 3, 3, 3, 10]);
  });

  it("takes text for a value that fits only so", () => {
    const list = Array.from({ length: 90_000 }, () => 1);
    expect(storageForm(list)).toEqual({ form: "json", bytes: 180_001 });
  });
});

describe("utf8Bytes", () => {
  it.each(["", "a", "é", "中", "😀", "a😀中é"])("%s", (text) => {
    expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
  });
});

describe("pointers", () => {
  it("C09: escape slash and tilde, and know the empty name", () => {
    expect(pathToPointer(["a/b", "c~d", "", "~1"])).toBe("/a~1b/c~0d//~01");
    expect(pointerToPath("/a~1b/c~0d//~01")).toEqual(["a/b", "c~d", "", "~1"]);
    expect([pathToPointer([]), pathToPointer([""])]).toEqual(["", "/"]);
    expect([pointerToPath(""), pointerToPath("/")]).toEqual([[], [""]]);
  });
});
