// JSON values as DynamoDB's native types, exactly: no number and no key changes on the way. Own code rather than
// @aws-sdk/util-dynamodb, which refuses numbers that JSON allows and hands out BigInts (C43). `storageForm` has decided
// before that a value fits; what is read may come from anybody and is unknown until parsed.
import { isJsonArray, setOwn, type JsonValue } from "../json-value.ts";
import { valueDepthMax } from "../limits.ts";

/** A value in DynamoDB's types, as its SDK has them: those that JSON values become. */
export type AttributeValue =
  | { S: string }
  | { N: string }
  | { BOOL: boolean }
  | { NULL: true }
  | { L: AttributeValue[] }
  | { M: Record<string, AttributeValue> };

/** An item as the wire has it. */
export type WireItem = Readonly<Record<string, unknown>>;

export function valueToAttribute(value: JsonValue): AttributeValue {
  switch (typeof value) {
    case "string":
      return { S: value };
    case "number":
      return { N: String(value) };
    case "boolean":
      return { BOOL: value };
    case "object": {
      if (value === null) return { NULL: true };
      if (isJsonArray(value)) return { L: value.map(valueToAttribute) };
      // fromEntries makes own members of any name, `__proto__` too.
      return { M: Object.fromEntries(Object.entries(value).map(([key, member]) => [key, valueToAttribute(member)])) };
    }
  }
}

/** Deeply frozen. undefined: it holds something that is no JSON, or that JavaScript can't hold exactly. */
export function attributeToValue(attribute: unknown): JsonValue | undefined {
  if (!isObject(attribute)) return undefined;
  for (const type in attribute) {
    const content = attribute[type];
    switch (type) {
      case "S":
        return typeof content === "string" ? content : undefined;
      case "N":
        return typeof content === "string" ? exactNumber(content) : undefined;
      case "BOOL":
        return typeof content === "boolean" ? content : undefined;
      case "NULL":
        return content === true ? null : undefined;
      case "L":
        return Array.isArray(content) ? listToValue(content) : undefined;
      case "M":
        return isObject(content) ? mapToValue(content) : undefined;
      default:
        return undefined; // sets and binary: no JSON
    }
  }
  return undefined;
}

/** The value of a JSON text, deeply frozen. undefined: it is none, or nested too deeply. */
export function jsonTextToValue(text: string): JsonValue | undefined {
  try {
    return frozenValue(JSON.parse(text), valueDepthMax);
  } catch {
    return undefined;
  }
}

/** An item as it came, to be kept (S-19). Binary becomes base64, as on the wire; `attributeToValue` reads neither. */
export function itemToJson(item: unknown): JsonValue {
  if (item instanceof Uint8Array) {
    return toBase64(item);
  }
  if (Array.isArray(item)) return Object.freeze(item.map(itemToJson));
  if (isObject(item)) {
    const members: Record<string, JsonValue> = {};
    for (const key of Object.keys(item)) setOwn(members, key, itemToJson(item[key]));
    return Object.freeze(members);
  }
  switch (typeof item) {
    case "string":
    case "number":
    case "boolean":
      return item;
    default:
      return null;
  }
}

export const isObject = (value: unknown): value is WireItem =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A text attribute; undefined where it is absent or of another type. */
export function readText(item: WireItem, name: string): string | undefined {
  const attribute = item[name];
  return isObject(attribute) && typeof attribute["S"] === "string" ? attribute["S"] : undefined;
}

/** A safe integer; undefined where it is absent or anything else. */
export function readInteger(item: WireItem, name: string): number | undefined {
  const attribute = item[name];
  if (!isObject(attribute) || typeof attribute["N"] !== "string") return undefined;
  const number = exactNumber(attribute["N"]);
  return Number.isSafeInteger(number) ? number : undefined;
}

export function readBoolean(item: WireItem, name: string): boolean | undefined {
  const attribute = item[name];
  return isObject(attribute) && typeof attribute["BOOL"] === "boolean" ? attribute["BOOL"] : undefined;
}

function listToValue(list: readonly unknown[]): JsonValue | undefined {
  const values: JsonValue[] = [];
  for (const element of list) {
    const value = attributeToValue(element);
    if (value === undefined) return undefined;
    values.push(value);
  }
  return Object.freeze(values);
}

function mapToValue(map: WireItem): JsonValue | undefined {
  const members: Record<string, JsonValue> = {};
  for (const key of Object.keys(map)) {
    const value = attributeToValue(map[key]);
    if (value === undefined) return undefined;
    setOwn(members, key, value);
  }
  return Object.freeze(members);
}

/**
 * The double that a decimal text means. undefined where no double's shortest text means the same number (a back end's
 * 20-digit id): rounding it here would write the rounded one back with the next edit.
 */
function exactNumber(text: string): number | undefined {
  const number = Number(text);
  if (!Number.isFinite(number)) return undefined;
  if (String(number) === text) return number;
  const meant = normalized(text);
  if (meant === undefined || meant !== normalized(String(number))) return undefined;
  return number === 0 ? 0 : number;
}

/** Sign, digits without zeros at either end, and exponent: equal for equal numbers however they are written. */
function normalized(text: string): string | undefined {
  const parts = /^([+-]?)(\d*)\.?(\d*)(?:[eE]([+-]?\d+))?$/.exec(text);
  if (!parts) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = parts;
  if (whole + fraction === "") return undefined;
  const digits = (whole + fraction).replace(/^0+/, "");
  const shortest = digits.replace(/0+$/, "");
  if (shortest === "") return "0";
  const power = Number(exponent) - fraction.length + (digits.length - shortest.length);
  return `${sign === "-" ? "-" : ""}${shortest}e${power}`;
}

function frozenValue(parsed: unknown, depthLeft: number): JsonValue | undefined {
  if (parsed === null || typeof parsed === "string" || typeof parsed === "boolean") return parsed;
  if (typeof parsed === "number") {
    if (!Number.isFinite(parsed)) return undefined; // 1e999
    return parsed === 0 ? 0 : parsed; // -0
  }
  if (depthLeft === 0 || typeof parsed !== "object") return undefined;
  const values: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(parsed)) {
    const value = frozenValue(member, depthLeft - 1);
    if (value === undefined) return undefined;
    setOwn(values, key, value);
  }
  return Array.isArray(parsed) ? Object.freeze(Object.values(values)) : Object.freeze(values);
}

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
    const bits = (first << 16) | (second << 8) | third;
    const digits = [18, 12, 6, 0].map((shift) => base64Digits[(bits >> shift) & 63]);
    const padded = Math.max(0, at + 3 - bytes.length);
    text += digits.slice(0, 4 - padded).join("") + "=".repeat(padded);
  }
  return text;
}
