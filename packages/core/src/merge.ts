// The three-way merge of one record. The walk finds what both sides changed; what clashes is decided by a resolver, all
// else is kept from both. Deterministic; inputs stay untouched; undefined is absent.
import type { AnyResolver, Conflict, Resolution, Resolver } from "./conflict.ts";
import {
  getOwn,
  isJsonObject,
  jsonEquals,
  parseValue,
  pathToPointer,
  setOwn,
  type JsonValue,
  type Pointer,
} from "./json-value.ts";
import { policiesOf, type Policies } from "./path-policy.ts";
import { diffValues } from "./patch.ts";
import { newestWins } from "./resolvers.ts";
import { isSyncError } from "./sync-error.ts";

export interface MergeInput {
  readonly key: string;
  readonly base: JsonValue | undefined;
  readonly local: JsonValue | undefined;
  readonly remote: JsonValue | undefined;
  /** Milliseconds since 1970, skew-corrected. */
  readonly localModifiedAt: number;
  readonly remoteModifiedAt: number;
  /** Default: the newest edit wins; an edit wins over a removal. */
  readonly resolver: Resolver<JsonValue> | AnyResolver | undefined;
}

export type MergeOutcome =
  | { readonly type: "clean"; readonly value: JsonValue | undefined }
  | {
      readonly type: "resolved";
      readonly value: JsonValue | undefined;
      readonly reason: string;
      readonly conflict: Conflict<JsonValue>;
    }
  /** A person must decide; the record stays as it is here. */
  | { readonly type: "asked"; readonly reason: string; readonly conflict: Conflict<JsonValue> };

/** Everything that a merge says of three values. Without times the remote side wins a clash; an edit wins over a removal. */
export function mergeValues(input: {
  readonly base: JsonValue | undefined;
  readonly local: JsonValue | undefined;
  readonly remote: JsonValue | undefined;
  readonly resolver?: Resolver<JsonValue> | AnyResolver | undefined;
  readonly key?: string;
  readonly localModifiedAt?: number;
  readonly remoteModifiedAt?: number;
}): { readonly value: JsonValue | undefined; readonly clashes: readonly Pointer[] } {
  const { key = "", localModifiedAt = 0, remoteModifiedAt = 0, resolver } = input;
  const outcome = mergeRecords({ ...input, key, localModifiedAt, remoteModifiedAt, resolver });
  switch (outcome.type) {
    case "clean":
      return { value: outcome.value, clashes: [] };
    case "resolved":
      return { value: outcome.value, clashes: outcome.conflict.clashes };
    case "asked":
      return { value: input.local, clashes: outcome.conflict.clashes };
  }
}

export function mergeRecords(input: MergeInput): MergeOutcome {
  const resolver = input.resolver ?? newestWins;
  const policies = policiesOf(resolver);
  const first = walk(input, policies, "remote");
  if (first.clashes.length === 0) return { type: "clean", value: first.value };
  const conflict: Conflict<JsonValue> = Object.freeze({
    key: input.key,
    base: input.base,
    local: input.local,
    remote: input.remote,
    localPatch: diffValues(input.base, input.local),
    remotePatch: diffValues(input.base, input.remote),
    clashes: Object.freeze(first.clashes),
    localModifiedAt: input.localModifiedAt,
    remoteModifiedAt: input.remoteModifiedAt,
  });
  const answer = ask(resolver, conflict);
  const where = first.clashes.map((pointer) => (pointer === "" ? "the whole record" : pointer)).join(", ");
  switch (answer.type) {
    case "remote":
      return {
        type: "resolved",
        value: first.value,
        conflict,
        reason: `Both sides changed ${where}; the other device's side was taken${why(input, "remote")}.`,
      };
    case "local":
      return {
        type: "resolved",
        value: walk(input, policies, "local").value,
        conflict,
        reason: `Both sides changed ${where}; this device's side was taken${why(input, "local")}.`,
      };
    case "removed":
      return {
        type: "resolved",
        value: undefined,
        conflict,
        reason: `Both sides changed ${where}; the resolver removed the record.`,
      };
    case "value":
      return {
        type: "resolved",
        value: answer.value,
        conflict,
        reason: `Both sides changed ${where}; the resolver gave the value.`,
      };
    case "ask":
      return { type: "asked", conflict, reason: `Both sides changed ${where}${answer.because}.` };
  }
}

type Answer =
  | { readonly type: "local" | "remote" | "removed" }
  | { readonly type: "value"; readonly value: JsonValue }
  | { readonly type: "ask"; readonly because: string };

/** A resolver is an app's code: whatever it does but answer properly counts as a question to the person. */
function ask(resolver: Resolver<JsonValue> | AnyResolver, conflict: Conflict<JsonValue>): Answer {
  let resolution: Resolution<JsonValue>;
  try {
    resolution = resolver(conflict);
  } catch {
    return { type: "ask", because: "; the resolver failed" };
  }
  // By type alone it can't be otherwise; but resolvers are often plain JavaScript.
  const type: unknown = typeof resolution === "object" && resolution !== null ? resolution.type : undefined;
  if (type === "local" || type === "remote" || type === "removed") return { type };
  if (resolution.type === "value" && type === "value") {
    try {
      return { type, value: parseValue(resolution.value) };
    } catch (error) {
      if (!isSyncError(error)) throw error;
      return { type: "ask", because: "; the resolver's value can't be stored" };
    }
  }
  return { type: "ask", because: type === "ask" ? "" : "; the resolver gave no valid answer" };
}

function why(input: MergeInput, side: "local" | "remote"): string {
  const other = side === "local" ? input.remote : input.local;
  if (other === undefined) return ", because an edit wins over a removal";
  const later =
    side === "local" ? input.localModifiedAt > input.remoteModifiedAt : input.remoteModifiedAt >= input.localModifiedAt;
  return later ? ", the newer edit" : "";
}

/** One walk over the three values. Clashes take the given side. */
function walk(
  { base, local, remote }: MergeInput,
  policies: Policies | null,
  side: "local" | "remote",
): { readonly value: JsonValue | undefined; readonly clashes: Pointer[] } {
  const clashes: Pointer[] = [];
  const value = mergeAt({ base, local, remote }, [], { policies, side, clashes });
  return { value, clashes };
}

export interface Sides {
  readonly base: JsonValue | undefined;
  readonly local: JsonValue | undefined;
  readonly remote: JsonValue | undefined;
}

interface Walk {
  readonly policies: Policies | null;
  readonly side: "local" | "remote";
  readonly clashes: Pointer[];
}

function mergeAt({ base, local, remote }: Sides, path: readonly string[], at: Walk): JsonValue | undefined {
  if (local === remote && at.policies === null) return local;
  if (jsonEquals(base, local)) return remote;
  if (jsonEquals(base, remote)) return local;
  const policy = at.policies?.get(pathToPointer(path));
  if (policy) {
    const merged = policy({ base, local, remote });
    if (merged !== null) return merged.value;
  }
  // Below a policy's path both may have made the same change, which a counter still adds up; elsewhere it is no conflict.
  if (!at.policies && jsonEquals(local, remote)) return local;
  if (isJsonObject(local) && isJsonObject(remote) && (base === undefined || isJsonObject(base))) {
    return mergeObjects({ base: base ?? {}, local, remote }, path, at);
  }
  if (jsonEquals(local, remote)) return local;
  at.clashes.push(pathToPointer(path));
  return at.side === "local" ? local : remote;
}

interface ObjectSides {
  readonly base: { readonly [key: string]: JsonValue };
  readonly local: { readonly [key: string]: JsonValue };
  readonly remote: { readonly [key: string]: JsonValue };
}

function mergeObjects({ base, local, remote }: ObjectSides, path: readonly string[], at: Walk): JsonValue {
  const merged: Record<string, JsonValue> = {};
  for (const name of new Set([...Object.keys(remote), ...Object.keys(local)])) {
    const sides = { base: getOwn(base, name), local: getOwn(local, name), remote: getOwn(remote, name) };
    const value = mergeAt(sides, [...path, name], at);
    if (value !== undefined) setOwn(merged, name, value);
  }
  return Object.freeze(merged);
}
