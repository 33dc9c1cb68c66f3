import { storageForm, type JsonValue } from "../json-value.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { attributeToValue, itemToJson, jsonTextToValue, valueToAttribute } from "./attribute-value.ts";

const runs = { seed: 20261125, numRuns: 500 };

const nastyKeys = fc.oneof(
  fc.constantFrom(
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
    " ",
    "0",
    "10",
    "é",
    "😀",
    "a.b",
    "#x",
    ":y",
  ),
  fc.string({ unit: "grapheme" }),
);
const { json } = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { depthSize: "medium" },
    fc.string({ unit: "grapheme" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("json")),
    fc.array(fc.tuple(nastyKeys, tie("json"))).map((entries): JsonValue => Object.fromEntries(entries)),
  ),
}));

/** What a round trip through the wire's JSON makes of an attribute. */
const overTheWire = (attribute: unknown): unknown => JSON.parse(JSON.stringify(attribute));

describe("native attribute values", () => {
  it("hold every JSON value exactly, whatever its member names", () => {
    fc.assert(
      fc.property(json, (value) => {
        const read = attributeToValue(overTheWire(valueToAttribute(value)));
        expect(JSON.stringify(read)).toBe(JSON.stringify(value));
      }),
      runs,
    );
  });

  it("are read in the text that DynamoDB gives back for a number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -9e125, max: 9e125 }), (number) => {
        fc.pre(number !== 0 && Math.abs(number) >= 1e-130);
        expect(attributeToValue({ N: plainDecimal(number) })).toBe(number);
      }),
      runs,
    );
  });

  it("make deeply frozen values", () => {
    const value = attributeToValue(valueToAttribute({ list: [{ a: 1 }], map: {} }));
    expect(isDeeplyFrozen(value)).toBe(true);
    expect(isDeeplyFrozen(jsonTextToValue('{"list":[{"a":1}],"map":{}}'))).toBe(true);
  });

  it("C43: keep numbers that the AWS client's own conversion refuses", () => {
    for (const number of [1e100, 9007199254740992, 0.1, -0.000001, 1e21, 5e-130, 123456789012345680000]) {
      expect(attributeToValue({ N: plainDecimal(number) })).toBe(number);
      expect(valueToAttribute(number)).toEqual({ N: String(number) });
    }
    expect(attributeToValue({ N: "-0" })).toBe(0);
    expect(attributeToValue({ N: "0.00" })).toBe(0);
  });

  it("are not read where JavaScript would change them", () => {
    const lossy = [
      { N: "12345678901234567890" },
      { N: "0.1000000000000000000001" },
      { N: "1e999" },
      { N: "" },
      { N: "x" },
    ];
    const noJson = [
      { SS: ["a"] },
      { NS: ["1"] },
      { B: new Uint8Array([1]) },
      { B: "AQ==" },
      { BS: [] },
      { NULL: false },
      { X: 1 },
    ];
    const noAttribute = [
      undefined,
      null,
      "a",
      1,
      [],
      {},
      { S: 1 },
      { N: 1 },
      { BOOL: "true" },
      { L: {} },
      { M: [] },
      { M: null },
    ];
    for (const attribute of [...lossy, ...noJson, ...noAttribute]) {
      expect(attributeToValue(attribute)).toBeUndefined();
      expect(attributeToValue({ L: [{ S: "a" }, attribute] })).toBeUndefined();
      expect(attributeToValue({ M: { a: { S: "a" }, b: attribute } })).toBeUndefined();
    }
  });
});

describe("JSON text", () => {
  it("holds every value that has no native form", () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(JSON.stringify(jsonTextToValue(JSON.stringify(value)))).toBe(JSON.stringify(value));
      }),
      runs,
    );
    for (const value of [1e200, 5e-324, nested(60)]) {
      expect(storageForm(value).form).toBe("json");
      expect(jsonTextToValue(JSON.stringify(value))).toStrictEqual(value);
    }
  });

  it("is not read where it is none, too deep for a stack, or holds no finite number", () => {
    for (const text of ["", "{", "undefined", "1e999", '{"a":[1e999]}', "[".repeat(100_000) + "]".repeat(100_000)]) {
      expect(jsonTextToValue(text)).toBeUndefined();
    }
  });
});

it("S-19: an item is kept as JSON whatever it holds", () => {
  const item = {
    a: { S: "x" },
    b: { B: new Uint8Array([1, 2, 255]) },
    c: { BS: [new Uint8Array([0])] },
    d: { L: [{ NULL: true }] },
  };
  expect(itemToJson(item)).toEqual({
    a: { S: "x" },
    b: { B: "AQL/" },
    c: { BS: ["AA=="] },
    d: { L: [{ NULL: true }] },
  });
});

function nested(levels: number): JsonValue {
  let value: JsonValue = "core";
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { value };
  return value;
}

/** As DynamoDB writes numbers: no exponent. */
function plainDecimal(number: number): string {
  const [mantissa = "", exponent = "0"] = Math.abs(number).toExponential().split("e");
  const [whole = "", fraction = ""] = mantissa.split(".");
  const digits = whole + fraction;
  const point = 1 + Number(exponent);
  const sign = number < 0 ? "-" : "";
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return sign + digits + "0".repeat(point - digits.length);
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

function isDeeplyFrozen(value: unknown): boolean {
  return (
    typeof value !== "object" ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isDeeplyFrozen))
  );
}
