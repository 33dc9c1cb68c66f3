import fc from "fast-check";
import fastJsonPatch from "fast-json-patch";
import { expect, it } from "vitest";
import { anyEdits } from "../test/json-arbitrary.ts";
import type { Patch } from "./conflict.ts";
import { getOwn, isJsonObject, jsonEquals, parseValue, pointerToPath, setOwn, type JsonValue } from "./json-value.ts";
import { diffValues } from "./patch.ts";

const runs = { seed: 20_260_702, numRuns: 2_000 };

it("a difference, applied to what it starts from, gives what it leads to", () => {
  const property = fc.property(anyEdits, ([from, to]) => {
    const patch = diffValues(from, to);
    expect(jsonEquals(applyPatch(from, patch), to)).toBe(true);
    expect(patch.length === 0).toBe(jsonEquals(from, to));
  });
  fc.assert(property, runs);
});

it("no operation touches another's place, or reaches into a list", () => {
  const property = fc.property(anyEdits, ([from, to]) => {
    const paths = diffValues(from, to).map(({ path }) => path);
    expect(paths.some((a) => paths.some((b) => a !== b && (b === "" || a.startsWith(`${b}/`))))).toBe(false);
    expect(new Set(paths).size).toBe(paths.length);
  });
  fc.assert(property, runs);
});

it("fast-json-patch understands it, and finds the same where its own difference is right", () => {
  const honest = fc.dictionary(
    fc.constantFrom("a", "b", "a/b", "~1"),
    fc.jsonValue({ maxDepth: 2, noUnicodeString: true }),
  );
  const property = fc.property(honest, honest, (a, b) => {
    const [from, to] = [parseValue(a), parseValue(b)];
    const patch = diffValues(from, to);
    const document: unknown = JSON.parse(JSON.stringify(from));
    const applied = fastJsonPatch.applyPatch(document, JSON.parse(JSON.stringify(patch)), true, false, false);
    expect(jsonEquals(parseValue(applied.newDocument), to)).toBe(true);
    if (JSON.stringify([from, to]).includes("[", 1)) return;
    const theirs = fastJsonPatch.compare(Object(from), Object(to));
    expect(new Set(patch.map(({ op, path }) => op + path))).toEqual(new Set(theirs.map(({ op, path }) => op + path)));
  });
  fc.assert(property, runs);
});

/** For objects only: diffValues gives no operation inside a list. */
function applyPatch(value: JsonValue | undefined, patch: Patch): JsonValue | undefined {
  return patch.reduce<JsonValue | undefined>((before, { op, path, value: next }) => {
    return applyAt(before, pointerToPath(path), op, next);
  }, value);
}

function applyAt(
  value: JsonValue | undefined,
  [name, ...rest]: readonly string[],
  op: Patch[number]["op"],
  next: JsonValue | undefined,
): JsonValue | undefined {
  if (name === undefined) {
    if ((value === undefined) !== (op === "add")) throw new Error(`Nothing to ${op}`);
    return op === "remove" ? undefined : next;
  }
  if (!isJsonObject(value)) throw new Error(`Nothing that could hold "${name}"`);
  const copy: Record<string, JsonValue> = {};
  for (const [field, inner] of Object.entries(value)) if (field !== name) setOwn(copy, field, inner);
  const applied = applyAt(getOwn(value, name), rest, op, next);
  if (applied !== undefined) setOwn(copy, name, applied);
  return copy;
}
