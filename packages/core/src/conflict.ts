// Conflicts as an app sees them: what a resolver is asked, what it may answer, and the record that is kept of each.
import { parseStoredValue, type JsonValue, type Pointer } from "./json-value.ts";
import { isSyncError } from "./sync-error.ts";

export type JsonPointer = `/${string}`;

/** RFC 6902, of which `add`, `replace` and `remove` are used. Arrays are one value: a changed one is one `replace`. */
export type Patch = readonly {
  readonly op: "add" | "replace" | "remove";
  readonly path: string;
  readonly value?: JsonValue;
}[];

/** Both sides changed a record since their common base. undefined: absent (removed, or never there). Deeply frozen. */
export interface Conflict<T> {
  readonly key: string;
  readonly base: T | undefined;
  readonly local: T | undefined;
  readonly remote: T | undefined;
  readonly localPatch: Patch;
  readonly remotePatch: Patch;
  /** Where both changed; `""` is the whole record. What changed on one side only is merged without being listed. */
  readonly clashes: readonly Pointer[];
  /** Milliseconds since 1970, skew-corrected. */
  readonly localModifiedAt: number;
  readonly remoteModifiedAt: number;
}

/** `local` and `remote` decide the clashes only; all that did not clash is kept from both sides. */
export type Resolution<T> =
  { readonly type: "local" | "remote" | "removed" | "ask" } | { readonly type: "value"; readonly value: T };

/** Pure and synchronous. One that throws, or answers what it may not, counts as `{ type: "ask" }`. */
export type Resolver<T> = (conflict: Conflict<T>) => Resolution<T>;
export type AnyResolver = <T>(conflict: Conflict<T>) => Resolution<T>;

/** A conflict and what became of it; kept until dismissed or 30 days old. */
export interface ConflictRecord<T = JsonValue> extends Conflict<T> {
  readonly id: string;
  readonly dataset: string;
  readonly kind: "record" | "dataset-deleted" | "cloud-restored" | "guest-merge";
  /** open: waits for a person; the record stays as it is here and is not pushed. */
  readonly state: "open" | "settled";
  readonly result: T | undefined;
  /** Why the result is what it is, in a sentence. */
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** What else was written in the same transaction and decided with it. */
  readonly group?: readonly ConflictMember<T>[];
}

/** A record that was decided with another one's conflict. */
export interface ConflictMember<T = JsonValue> {
  readonly key: string;
  readonly base: T | undefined;
  readonly local: T | undefined;
  readonly remote: T | undefined;
  readonly result: T | undefined;
}

/** How one field that both sides changed is merged; made by `counter()`, `text()` and the like, for `byPath`. */
export interface PathPolicy {
  readonly policy: string;
}

/** Reads a stored conflict record; null where it is damaged: it is a note about the past, and decides nothing. */
export function parseConflictRecord(input: unknown): ConflictRecord | null {
  try {
    return isObject(input) ? parseFields(input) : null;
  } catch (error) {
    if (isSyncError(error)) return null;
    throw error;
  }
}

/** Each value by itself: together they would be nested deeper than a value may be. */
function parseFields(input: Fields): ConflictRecord | null {
  const { id, dataset, key, kind, state, reason, at, localModifiedAt, remoteModifiedAt, clashes } = input;
  if (typeof id !== "string" || typeof dataset !== "string" || typeof key !== "string") return null;
  if (typeof reason !== "string" || typeof at !== "number" || !isKind(kind)) return null;
  if (typeof localModifiedAt !== "number" || typeof remoteModifiedAt !== "number") return null;
  if ((state !== "open" && state !== "settled") || !isList(clashes)) return null;
  return Object.freeze({
    ...{ id, dataset, key, kind, state, reason, at, localModifiedAt, remoteModifiedAt },
    base: parseOptional(input["base"]),
    local: parseOptional(input["local"]),
    remote: parseOptional(input["remote"]),
    result: parseOptional(input["result"]),
    clashes: Object.freeze(clashes.filter(isPointer)),
    localPatch: parsePatch(input["localPatch"]),
    remotePatch: parsePatch(input["remotePatch"]),
    ...(isList(input["group"]) ? { group: Object.freeze(input["group"].flatMap(parseMember)) } : {}),
  });
}

function parseMember(input: unknown): readonly ConflictMember[] {
  if (!isObject(input) || typeof input["key"] !== "string") return [];
  const { key, base, local, remote, result } = input;
  const sides = { base: parseOptional(base), local: parseOptional(local), remote: parseOptional(remote) };
  return [Object.freeze({ key, ...sides, result: parseOptional(result) })];
}

function parsePatch(input: unknown): Patch {
  const operations = (isList(input) ? input : []).flatMap((operation) => {
    if (!isObject(operation)) return [];
    const { op, path } = operation;
    if ((op !== "add" && op !== "replace" && op !== "remove") || typeof path !== "string") return [];
    const value = parseOptional(operation["value"]);
    return [Object.freeze(value === undefined ? { op, path } : { op, path, value })];
  });
  return Object.freeze(operations);
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (input: unknown): input is Fields => typeof input === "object" && input !== null;
const isList = (input: unknown): input is readonly unknown[] => Array.isArray(input);

const isKind = (input: unknown): input is ConflictRecord["kind"] =>
  input === "record" || input === "dataset-deleted" || input === "cloud-restored" || input === "guest-merge";

const isPointer = (input: unknown): input is Pointer =>
  typeof input === "string" && (input === "" || input.startsWith("/"));

const parseOptional = (input: unknown): JsonValue | undefined =>
  input === undefined ? undefined : parseStoredValue(input);
