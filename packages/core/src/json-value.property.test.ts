import fc from "fast-check";
import { expect, it } from "vitest";
import { anyJson, nastyNames } from "../test/json-arbitrary.ts";
import { jsonEquals, parseValue, pathToPointer, pointerToPath, utf8Bytes, type JsonValue } from "./json-value.ts";

const seed = 20_260_701;

it("a parsed value is the same JSON text, and equal to what it was parsed from", () => {
  const property = fc.property(anyJson, (value) => {
    const parsed = parseValue(value);
    expect(JSON.stringify(parsed)).toBe(JSON.stringify(value));
    expect(jsonEquals(parsed, value)).toBe(true);
    expect(isDeeplyFrozen(parsed)).toBe(true);
  });
  fc.assert(property, { seed, numRuns: 1_000 });
});

it("a parsed value shares nothing with its input, and parsing it again changes nothing", () => {
  const property = fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
    const text = JSON.stringify(value);
    const parsed = parseValue(JSON.parse(text));
    expect(JSON.stringify(parseValue(parsed))).toBe(JSON.stringify(parsed));
    expect(jsonEquals(parsed, parseValue(JSON.parse(text)))).toBe(true);
  });
  fc.assert(property, { seed, numRuns: 1_000 });
});

it("values are equal exactly if their texts are, with keys in order", () => {
  const property = fc.property(anyJson, anyJson, (a, b) => {
    expect(jsonEquals(a, b)).toBe(sortedText(a) === sortedText(b));
    expect(jsonEquals(b, a)).toBe(jsonEquals(a, b));
  });
  fc.assert(property, { seed, numRuns: 2_000 });
});

it("a path survives being a pointer", () => {
  const step = fc.oneof(fc.constantFrom(...nastyNames), fc.string({ unit: "binary" }));
  const property = fc.property(fc.array(step, { maxLength: 5 }), (path) => {
    expect(pointerToPath(pathToPointer(path))).toEqual(path);
  });
  fc.assert(property, { seed, numRuns: 1_000 });
});

it("bytes are those of the encoder", () => {
  const property = fc.property(fc.string({ unit: "binary" }), (text) => {
    expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
  });
  fc.assert(property, { seed, numRuns: 1_000 });
});

function isDeeplyFrozen(value: JsonValue): boolean {
  return (
    typeof value !== "object" ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))
  );
}

function sortedText(value: JsonValue): string {
  return JSON.stringify(value, (_name, inner: JsonValue) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
