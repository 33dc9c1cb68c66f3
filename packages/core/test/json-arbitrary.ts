// Values for property tests: small enough that both sides of a merge often meet, with the names that break naive code.
import fc from "fast-check";
import type { JsonValue } from "../src/json-value.ts";

export const nastyNames = ["constructor", "__proto__", "prototype", "", "a/b", "~1", "~01", "toString", "0", "a", "b"];

const name = fc.constantFrom(...nastyNames);
const scalar = fc.constantFrom<JsonValue>(null, true, false, 0, 1, -1.5, "", "x", "0", "中😀");

const { value } = fc.letrec<{ value: JsonValue; object: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalar,
    tie("object"),
    fc.array(tie("value"), { maxLength: 3 }),
  ),
  // fromEntries defines own properties, `__proto__` too.
  object: fc
    .uniqueArray(fc.tuple(name, tie("value")), { maxLength: 4, selector: ([field]) => field })
    .map((fields): JsonValue => Object.fromEntries(fields)),
}));

export const anyJson: fc.Arbitrary<JsonValue> = value;

/** undefined: absent. */
export const anyRecord: fc.Arbitrary<JsonValue | undefined> = fc.option(value, { nil: undefined, freq: 8 });

/** A value and two edits of it; half of the edits change a few fields only. */
export const anyEdits: fc.Arbitrary<readonly [JsonValue | undefined, JsonValue | undefined, JsonValue | undefined]> =
  anyRecord.chain((base) => fc.tuple(fc.constant(base), anyEdit(base), anyEdit(base)));

function anyEdit(base: JsonValue | undefined): fc.Arbitrary<JsonValue | undefined> {
  if (typeof base !== "object" || base === null || Array.isArray(base)) return anyRecord;
  const fields = fc.array(fc.tuple(name, anyRecord), { minLength: 1, maxLength: 3 });
  const edited = fields.map((changes): JsonValue => {
    const entries = new Map<string, JsonValue>(Object.entries(base));
    for (const [field, changed] of changes) {
      if (changed === undefined) entries.delete(field);
      else entries.set(field, changed);
    }
    return Object.fromEntries(entries);
  });
  return fc.oneof(edited, anyRecord, fc.constant(base));
}
