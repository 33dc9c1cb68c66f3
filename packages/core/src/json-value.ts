// The values that Holdfast keeps: parsed on the way in (from an app, from storage, from the wire), frozen, compared, and
// measured by what they cost in the table.
import { nativeDepthMax, valueBytesMax, valueDepthMax } from "./limits.ts";
import { SyncError } from "./sync-error.ts";

/** What a record may hold: JSON, and nothing else. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** An RFC 6901 pointer; `""` is the whole value. */
export type Pointer = "" | `/${string}`;

export type JsonObject = { readonly [key: string]: JsonValue };

/** What is wrong with a value. Thrown inside this file only; where it is wrong, the copy's path says. */
class Unfit extends Error {}

/**
 * An app's value as `put` takes it: copied and deep-frozen. An `undefined` property is left out, as JSON does; -0 becomes 0.
 * @throws SyncError `invalid-value` with the path of what JSON can't hold
 */
export function parseValue(input: unknown): JsonValue {
  return parseWith(input, (path, why) => {
    const message = `The value can't be stored: ${path === "" ? "it" : `what stands at ${path}`} ${why}. Store JSON: objects, arrays, text, finite numbers, true, false and null.`;
    return new SyncError({ code: "invalid-value", message, issues: [{ path, message: why }] });
  });
}

/** A value that was stored or sent before. @throws SyncError `internal` where it is damaged */
export function parseStoredValue(input: unknown): JsonValue {
  return parseWith(
    input,
    (path, why) => new SyncError({ code: "internal", message: `A stored value is damaged at "${path}": it ${why}.` }),
  );
}

function parseWith(input: unknown, toError: (path: Pointer, why: string) => SyncError): JsonValue {
  // The steps to where the copy stands; it is left as it is by a throw, and so says where.
  const path: (string | number)[] = [];
  try {
    return copy(input, path, []);
  } catch (error) {
    if (!(error instanceof Unfit)) throw error;
    // An error goes into reports and the table's tools: it is well-formed text even where a property's name is not.
    const wellFormedPath = path.map((step) => String(step).replaceAll(/\p{Surrogate}/gu, "\ufffd"));
    throw toError(pathToPointer(wellFormedPath), error.message);
  }
}

function copy(input: unknown, path: (string | number)[], parents: object[]): JsonValue {
  switch (typeof input) {
    case "string":
      return wellFormed(input);
    case "boolean":
      return input;
    case "number":
      if (!Number.isFinite(input)) throw new Unfit(`is ${input}`);
      return input === 0 ? 0 : input;
    case "object":
      return input === null ? null : copyContainer(input, path, parents);
    default:
      throw new Unfit(`is of type ${typeof input}`);
  }
}

function copyContainer(input: object, path: (string | number)[], parents: object[]): JsonValue {
  if (parents.length >= valueDepthMax) throw new Unfit(`is nested deeper than ${valueDepthMax} levels`);
  if (parents.includes(input)) throw new Unfit("contains itself");
  parents.push(input);
  const copied = Array.isArray(input) ? copyArray(input, path, parents) : copyObject(input, path, parents);
  parents.pop();
  return Object.freeze(copied);
}

function copyArray(input: readonly unknown[], path: (string | number)[], parents: object[]): JsonValue[] {
  const copied: JsonValue[] = [];
  // By index, so that holes are met.
  for (let index = 0; index < input.length; index++) {
    path.push(index);
    copied.push(copy(input[index], path, parents));
    path.pop();
  }
  return copied;
}

function copyObject(input: object, path: (string | number)[], parents: object[]): Record<string, JsonValue> {
  if (!isPlainObject(input)) throw new Unfit(`is an object of class ${className(input)}`);
  const copied: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    path.push(name);
    setOwn(copied, wellFormed(name), copy(value, path, parents));
    path.pop();
  }
  return copied;
}

function isPlainObject(input: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(input);
  // An object of another realm (an iframe, a test runner's context) has another Object.prototype, itself without one.
  const isPlain = prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null;
  return isPlain && Object.prototype.toString.call(input) === "[object Object]";
}

/** Sets a property as data whatever its name: plain assignment to `__proto__` would change the prototype. */
export function setOwn(target: Record<string, JsonValue>, name: string, value: JsonValue): void {
  if (name === "__proto__")
    Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true });
  else target[name] = value;
}

/** An own property; what an object inherits is none of the value's. */
export function getOwn(target: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(target, name) ? target[name] : undefined;
}

function wellFormed(text: string): string {
  if (/\p{Surrogate}/u.test(text)) throw new Unfit("holds half of a surrogate pair, which UTF-8 cannot hold");
  return text;
}

function className(input: object): string {
  const { constructor } = input;
  return typeof constructor === "function" && constructor.name !== "" ? constructor.name : "unknown";
}

export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isJsonArray = (value: JsonValue | undefined): value is readonly JsonValue[] => Array.isArray(value);

/** Deep equality; the order of keys means nothing. undefined: absent. */
export function jsonEquals(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (isJsonArray(a)) return isJsonArray(b) && arraysEqual(a, b);
  return isJsonObject(a) && isJsonObject(b) && objectsEqual(a, b);
}

function arraysEqual(a: readonly JsonValue[], b: readonly JsonValue[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (!jsonEquals(a[index], b[index])) return false;
  return true;
}

function objectsEqual(a: JsonObject, b: JsonObject): boolean {
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) if (!Object.hasOwn(b, name) || !jsonEquals(a[name], b[name])) return false;
  return true;
}

/** Of well-formed text. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    // Each half of a surrogate pair accounts for two of the four bytes.
    bytes += code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 1 : 2;
  }
  return bytes;
}

/** How a value is stored in the table: as DynamoDB's own types where they hold it exactly, else as JSON text. */
export interface StorageForm {
  readonly form: "native" | "json";
  readonly bytes: number;
}

/** @throws SyncError `value-too-large` where neither form fits */
export function storageForm(value: JsonValue): StorageForm {
  const fitting = fittingForm(value);
  if (fitting) return fitting;
  const bytes = utf8Bytes(JSON.stringify(value));
  throw new SyncError({
    code: "value-too-large",
    message: `The value has ${bytes} bytes as JSON; a record holds at most ${valueBytesMax}. Split it into several records, or keep large files in S3.`,
  });
}

/** The form in which the table can hold a value; null: none. */
export function fittingForm(value: JsonValue): StorageForm | null {
  const bytes = nativeBytes(value, 0);
  if (bytes <= valueBytesMax) return { form: "native", bytes };
  const jsonBytes = utf8Bytes(JSON.stringify(value));
  return jsonBytes <= valueBytesMax ? { form: "json", bytes: jsonBytes } : null;
}

/** Whether a record can hold the value. Of most values a rough bound says so, without a look at each character. */
export const isFitting = (value: JsonValue): boolean =>
  jsonBytesAtMost(value) <= valueBytesMax || fittingForm(value) !== null;

/** Not less than the bytes of a value's JSON, in which a character takes up to six. */
export function jsonBytesAtMost(value: JsonValue): number {
  if (typeof value === "string") return 6 * value.length + 2;
  if (typeof value !== "object" || value === null) return 25;
  let bytes = 2;
  if (isJsonArray(value)) {
    for (const item of value) bytes += jsonBytesAtMost(item) + 1;
  } else {
    for (const name of Object.keys(value)) bytes += 6 * name.length + 4 + jsonBytesAtMost(getOwn(value, name) ?? null);
  }
  return bytes;
}

/** By DynamoDB's rules for item sizes; Infinity where its types can't hold the value exactly. */
function nativeBytes(value: JsonValue, depth: number): number {
  switch (typeof value) {
    case "string":
      return utf8Bytes(value);
    case "number":
      return numberBytes(value);
    case "boolean":
      return 1;
    case "object":
      break;
  }
  if (value === null) return 1;
  if (depth >= nativeDepthMax) return Infinity;
  let bytes = 3;
  if (isJsonArray(value)) {
    for (const item of value) bytes += 1 + nativeBytes(item, depth + 1);
    return bytes;
  }
  for (const [name, item] of Object.entries(value)) {
    bytes += 1 + attributeNameBytes(name) + nativeBytes(item, depth + 1);
  }
  return bytes;
}

/** DynamoDB documents 1 to 65,535 bytes for an attribute's name, in a map too. */
function attributeNameBytes(name: string): number {
  const bytes = utf8Bytes(name);
  return bytes === 0 || bytes > 65_535 ? Infinity : bytes;
}

/**
 * DynamoDB holds magnitudes from 1e-130 to 9.99…e125 with 38 digits, of which JavaScript writes at most 17. It takes a
 * byte for two digits, one more where the point splits a pair, one for the exponent and one for a minus. A number that is
 * no integer is taken to have 17 digits: counting them would mean to print it.
 */
function numberBytes(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude < 1e-130 || magnitude >= 1e126)) return Infinity;
  let digits = 17;
  if (Number.isSafeInteger(magnitude)) {
    digits = 1;
    for (let bound = 10; bound <= magnitude; bound *= 10) digits++;
  }
  return Math.floor(digits / 2) + 2 + (value < 0 ? 1 : 0);
}

export function pathToPointer(path: readonly (string | number)[]): Pointer {
  let pointer: Pointer = "";
  for (const step of path) pointer = `${pointer}/${escapeStep(String(step))}`;
  return pointer;
}

/** The steps that a pointer names. */
export function pointerToPath(pointer: string): readonly string[] {
  return pointer === ""
    ? []
    : pointer
        .slice(1)
        .split("/")
        .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
}

const escapeStep = (step: string): string =>
  step.includes("~") || step.includes("/") ? step.replaceAll("~", "~0").replaceAll("/", "~1") : step;
