// The merge of one record that changed on both sides: what clashes is decided by a resolver, all else is kept from both.
// Deterministic; inputs stay untouched; undefined is absent.
import { askResolver } from "./ask-resolver.ts";
import type { Conflict, Resolver } from "./conflict.ts";
import { isFitting, jsonBytesAtMost, jsonEquals, parseValue, type JsonValue, type Pointer } from "./json-value.ts";
import { valueBytesMax } from "./limits.ts";
import { diffValues } from "./patch.ts";
import { planOf, type Side, type Sides } from "./path-policy.ts";
import { newestSide, newestWins } from "./resolvers.ts";
import { mergeThreeWay } from "./three-way.ts";

/** The resolver of a record's merge. One made by `byPath` brings its policies. */
export type MergeResolver = Resolver<JsonValue>;

/** The values are deeply frozen, as `parseValue` makes them. */
export interface MergeInput extends Sides {
  readonly key: string;
  /** Milliseconds since 1970, skew-corrected. */
  readonly localModifiedAt: number;
  readonly remoteModifiedAt: number;
  /** Whether the local edit wins over one of the same time. Default false: the remote one has reached other devices. */
  readonly localWinsTie?: boolean | undefined;
  /** Default: newestWins. */
  readonly resolver: MergeResolver | undefined;
}

export type MergeOutcome =
  | { readonly type: "clean"; readonly value: JsonValue | undefined }
  | {
      readonly type: "resolved";
      /** Whose side of the clashes was taken; "own": a value of the resolver's. */
      readonly side: Side | "own";
      readonly value: JsonValue | undefined;
      /** Why, in a sentence for people, without the record's values. */
      readonly reason: string;
      readonly conflict: Conflict<JsonValue>;
    }
  /** A person must decide; the record stays as it is here. */
  | { readonly type: "asked"; readonly reason: string; readonly conflict: Conflict<JsonValue> };

export interface MergeValuesInput {
  /** Absent: the sides have no common base, and both are taken to have started from nothing. */
  readonly base?: JsonValue | undefined;
  readonly local?: JsonValue | undefined;
  readonly remote?: JsonValue | undefined;
  readonly resolver?: MergeResolver | undefined;
  /** For the resolver; "" by default. */
  readonly key?: string;
  /** Milliseconds since 1970; 0 by default. */
  readonly localModifiedAt?: number;
  readonly remoteModifiedAt?: number;
  readonly localWinsTie?: boolean;
}

/**
 * The merge of three values by themselves; they are copied. `clashes`: where both sides changed, whoever won; `""` is the
 * whole value. Where the resolver asks a person, the value is the local one.
 * @throws SyncError `invalid-value` where an input is no JSON
 */
export function mergeValues(input: MergeValuesInput): {
  readonly value: JsonValue | undefined;
  readonly clashes: readonly Pointer[];
} {
  const { key = "", localModifiedAt = 0, remoteModifiedAt = 0, localWinsTie, resolver } = input;
  const [base, local, remote] = [input.base, input.local, input.remote].map(copyOf);
  const outcome = mergeRecords({
    ...{ key, base, local, remote, localModifiedAt, remoteModifiedAt },
    localWinsTie,
    resolver,
  });
  switch (outcome.type) {
    case "clean":
      return { value: outcome.value, clashes: [] };
    case "resolved":
      return { value: outcome.value, clashes: outcome.conflict.clashes };
    case "asked":
      return { value: local, clashes: outcome.conflict.clashes };
  }
}

export function mergeRecords(input: MergeInput): MergeOutcome {
  // Two copies without a known base: not even a counter was counted up on both.
  if (input.base === undefined && jsonEquals(input.local, input.remote)) return { type: "clean", value: input.remote };
  const plan = planOf(input.resolver ?? newestWins);
  const newest = plan.otherwise === newestWins ? newestSide(input, input.localWinsTie ?? false) : null;
  const merged = mergeThreeWay(input, plan.policies, newest ?? "remote");
  if (merged.clashes.length === 0 && isStorable(merged.value, input)) return { type: "clean", value: merged.value };

  const mergedFor = (side: Side): JsonValue | undefined =>
    side === (newest ?? "remote") ? merged.value : mergeThreeWay(input, plan.policies, side).value;
  // What can't be stored together clashes as a whole: each side's value is then its own, whole.
  const isTooLarge = !fitTogether(input) && sideNames.some((side) => !isStorable(mergedFor(side), input));
  const valueFor = (side: Side): JsonValue | undefined => (isTooLarge ? input[side] : mergedFor(side));

  const conflict = conflictBetween(input, isTooLarge ? [""] : merged.clashes);
  const what = whatClashed(conflict, isTooLarge);
  if (newest !== null) {
    return {
      type: "resolved",
      side: newest,
      value: valueFor(newest),
      reason: `${what}; ${whyNewest(conflict, newest)}.`,
      conflict,
    };
  }
  const answer = askResolver(plan.otherwise, conflict);
  const reason = `${what}; ${answer.how}.`;
  switch (answer.type) {
    case "local":
    case "remote":
      return { type: "resolved", side: answer.type, value: valueFor(answer.type), reason, conflict };
    case "removed":
      return { type: "resolved", side: "own", value: undefined, reason, conflict };
    case "value":
      return { type: "resolved", side: "own", value: answer.value, reason, conflict };
    case "ask":
      return { type: "asked", reason, conflict };
  }
}

const sideNames = ["local", "remote"] as const;

const copyOf = (value: JsonValue | undefined): JsonValue | undefined =>
  value === undefined ? undefined : parseValue(value);

/** Two values that fit into a record each may not do so together. */
const isStorable = (merged: JsonValue | undefined, { local, remote }: Sides): boolean =>
  merged === undefined || merged === local || merged === remote || isFitting(merged);

/** Whether all that a merge can take from both sides fits into a record: most are so small that no merge need be measured. */
const fitTogether = ({ local = null, remote = null }: Sides): boolean =>
  jsonBytesAtMost(local) + jsonBytesAtMost(remote) <= valueBytesMax;

function conflictBetween(input: MergeInput, clashes: readonly Pointer[]): Conflict<JsonValue> {
  const { key, base, local, remote, localModifiedAt, remoteModifiedAt } = input;
  return Object.freeze({
    ...{ key, base, local, remote },
    localPatch: diffValues(base, local),
    remotePatch: diffValues(base, remote),
    clashes: Object.freeze(clashes),
    ...{ localModifiedAt, remoteModifiedAt },
  });
}

/** Pointers that a reason names; a conflict lists all. */
const namedClashesMax = 5;

function whatClashed({ local, remote, clashes }: Conflict<JsonValue>, isTooLarge: boolean): string {
  if (local === undefined) return "This device removed the record and another edited it";
  if (remote === undefined) return "This device edited the record and another removed it";
  if (isTooLarge) return "Both sides changed the record, and the two changes together do not fit into one";
  if (clashes.includes("")) return "Both sides changed the record as a whole";
  const more = clashes.length - namedClashesMax;
  return `Both sides changed ${clashes.slice(0, namedClashesMax).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

function whyNewest({ local, remote, localModifiedAt, remoteModifiedAt }: Conflict<JsonValue>, side: Side): string {
  if (local === undefined || remote === undefined) return "the edit won";
  const whose = side === "local" ? "this device's" : "the cloud's";
  return localModifiedAt === remoteModifiedAt
    ? `both at the same time, and ${whose} edit won`
    : `the newer edit won, ${whose}`;
}
