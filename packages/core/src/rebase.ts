// What a pulled version does to one record: taken where nothing is pending, else the pending edit is laid upon it.
import { conflictOf } from "./conflict-record.ts";
import type { ConflictRecord, AnyResolver, Resolver } from "./conflict.ts";
import type { DatasetName, RecordKey } from "./ids.ts";
import { jsonEquals, parseValue, type JsonValue } from "./json-value.ts";
import { mergeRecords } from "./merge.ts";
import type { Side } from "./path-policy.ts";
import { clashesFor, newestWins } from "./resolvers.ts";
import {
  isCounted,
  isOutdated,
  isSameVersion,
  settledRecord,
  versionValue,
  type LocalRecord,
  type Pending,
  type Version,
} from "./record.ts";

export interface RebaseContext {
  readonly dataset: DatasetName;
  readonly resolver: Resolver<JsonValue> | AnyResolver | undefined;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: number;
  /** The dataset was deleted since: what is pending re-creates it (S-11). */
  readonly datasetDeleted?: boolean;
  /** The cloud went back to an older state: what it lacks is offered again, and never deleted here for that (S-12). */
  readonly cloudRestored?: boolean;
  /** The version of values that this app knows, how it makes older ones so, and what it allows. Default: any, as they are. */
  readonly version?: number;
  readonly upgrade?: ((value: JsonValue, fromVersion: number) => unknown) | undefined;
  readonly isValid?: (value: JsonValue) => boolean;
  /** S-16: clashes were decided for this side already, with those of the record's group; or a person is asked with them. */
  readonly decided?: Side | "ask";
}

export interface Rebased {
  /** null: nothing is left to keep. */
  readonly record: LocalRecord | null;
  readonly conflict: ConflictRecord | null;
  /** Who won, where both sides clashed and nobody has to be asked; "own": a value of the resolver's. */
  readonly won?: Side | "own";
}

/** `remote` null: the cloud has no such record (full compare, or the dataset was deleted). */
export function rebaseRecord(
  key: RecordKey,
  current: LocalRecord | undefined,
  remote: Version | null,
  context: RebaseContext,
): Rebased {
  const rebased = rebase(key, current, remote, context);
  const wasHeld = current?.hold?.type === "conflict";
  if (!current || !wasHeld || rebased.conflict || rebased.record?.hold?.type === "conflict") return rebased;
  // The open conflict has ended by itself, and must not go on waiting for a person.
  const result = rebased.record?.value;
  const reason = "Both sides no longer differ where they clashed.";
  return { ...rebased, conflict: conflictOf(current, remote, context, { kind: "record", result, reason }) };
}

function rebase(
  key: RecordKey,
  current: LocalRecord | undefined,
  remote: Version | null,
  context: RebaseContext,
): Rebased {
  if (context.cloudRestored && current && isOfferable(current, remote)) {
    const { value } = current;
    const offered = { ...current, pending: reoffered(current) };
    return chooseNewer({ current: offered, baseValue: value, remote, remoteValue: versionValue(remote) }, context);
  }
  if (!current?.pending) return { record: settledRecord(key, remote), conflict: null };
  const base = isCounted(remote) ? remote : null;
  if (remote?.content.type === "unreadable") return { record: { ...current, base }, conflict: null };
  if (isSameVersion(current.base, base) && current.base?.content.type !== "unreadable") {
    return { record: { ...current, base }, conflict: null };
  }
  const sides = sameVersionOf(current, remote, context);
  if (sides !== null) return rebaseSides(sides, context);
  // S-19: another version of the app lays the edit upon what it alone can read.
  const waiting = { ...current, base };
  if (isOutdated(waiting)) return { record: waiting, conflict: null };
  const reason = "This version of the app can't bring both sides into one form; a person must decide.";
  const conflict = conflictOf(current, remote, context, { kind: "record", result: undefined, reason, open: true });
  return {
    record: { ...waiting, hold: { type: "conflict", id: conflict.id, base: versionValue(current.base) } },
    conflict,
  };
}

/** What is merged: the values are all in the same version of the app's. */
interface RebaseSides {
  readonly current: LocalRecord;
  readonly baseValue: JsonValue | undefined;
  /** As it was pulled; it becomes the base as it is. */
  readonly remote: Version | null;
  readonly remoteValue: JsonValue | undefined;
}

/** null: this app does not know the newest version among them, or can't make the others so. */
function sameVersionOf(current: LocalRecord, remote: Version | null, context: RebaseContext): RebaseSides | null {
  const { hold, base } = current;
  const baseValue = hold?.type === "conflict" ? hold.base : versionValue(base);
  // A tombstone has no value that a version could have another form for.
  const schema = Math.max(current.schema, remote?.content.type === "live" ? remote.schema : 0);
  if (schema > (context.version ?? Infinity)) return null;
  const lift = (value: JsonValue | undefined, from: number): JsonValue | undefined =>
    value === undefined || from >= schema || !context.upgrade ? value : parseValue(context.upgrade(value, from));
  try {
    return {
      current: { ...current, value: lift(current.value, current.schema), schema },
      // The base of a held record was kept in the form of the record itself.
      baseValue: lift(baseValue, hold?.type === "conflict" ? current.schema : (base?.schema ?? current.schema)),
      remote,
      remoteValue: lift(versionValue(remote), remote?.schema ?? 0),
    };
  } catch {
    return null;
  }
}

function rebaseSides(sides: RebaseSides, context: RebaseContext): Rebased {
  const { current, baseValue, remote, remoteValue } = sides;
  const again = current.pending?.again ?? null;
  const twoWay = again === "reoffered" || (again === "sent" && jsonEquals(current.value, baseValue));
  // Equal edits are one. Only a merge can tell what both sides counted up from the same base: that counts twice.
  const isEqual = jsonEquals(current.value, remoteValue);
  const isSettled = isEqual && (twoWay || baseValue === undefined || context.datasetDeleted === true);
  if (isSettled) return { record: settledRecord(current.key, remote), conflict: null };
  if (twoWay) return chooseNewer(sides, context);
  if (jsonEquals(baseValue, remoteValue)) return { record: onNewBase(sides, current.value), conflict: null };
  if (context.datasetDeleted) {
    const conflict = conflictOf(current, remote, context, {
      kind: "dataset-deleted",
      result: current.value,
      reason: "The dataset was deleted elsewhere; the edit that was pending here re-creates this record.",
    });
    return { record: onNewBase(sides, current.value), conflict };
  }
  return merged(sides, context);
}

/** S-12: what differs from a cloud that went back, as far as both can be read (S-19). */
function isOfferable(current: LocalRecord, remote: Version | null): boolean {
  if (current.base?.content.type === "unreadable" || remote?.content.type === "unreadable") return false;
  return !isSameVersion(current.base, remote) && !jsonEquals(current.value, versionValue(remote));
}

const reoffered = ({ pending }: LocalRecord): Pending => ({ order: 0, ...pending, again: "reoffered" });

/** Without a base there is nothing to merge from: the newer edit wins, the other is kept in the conflict record. */
function chooseNewer(sides: RebaseSides, context: RebaseContext): Rebased {
  const { current, remote, remoteValue } = sides;
  const isNewer = current.modifiedAt > (remote?.modifiedAt ?? 0);
  const localWins = context.decided === "local" || (context.decided !== "remote" && isNewer);
  const result = localWins ? current.value : remoteValue;
  const conflict = conflictOf(current, remote, context, {
    kind: context.cloudRestored ? "cloud-restored" : "record",
    result,
    reason: `${context.cloudRestored ? "The cloud went back to an older state" : "It could not be told what both sides started from"}, so the newer edit won: ${localWins ? "this device's" : "the cloud's"}.`,
  });
  return {
    record: localWins ? onNewBase(sides, current.value) : settledRecord(current.key, remote),
    conflict,
    won: localWins ? "local" : "remote",
  };
}

function merged(sides: RebaseSides, context: RebaseContext): Rebased {
  const { current, baseValue: base, remote, remoteValue } = sides;
  const declared = context.resolver ?? newestWins;
  const outcome = mergeRecords({
    key: current.key,
    base,
    local: current.value,
    remote: remoteValue,
    localModifiedAt: current.modifiedAt,
    remoteModifiedAt: remote?.modifiedAt ?? 0,
    resolver: context.decided ? clashesFor(context.decided, declared) : declared,
  });
  const isAllowed =
    outcome.type === "asked" ||
    outcome.value === undefined ||
    jsonEquals(outcome.value, remoteValue) ||
    (context.isValid?.(outcome.value) ?? true);
  if (!isAllowed) {
    const reason = "Both changes together are not what the app's schema allows; a person must decide.";
    const ending = { kind: "record", result: undefined, reason, open: true } as const;
    return hold(sides, conflictOf(current, remote, context, ending));
  }
  switch (outcome.type) {
    case "clean":
      return { record: onNewBase(sides, outcome.value), conflict: null };
    case "resolved": {
      const conflict = conflictOf(current, remote, context, {
        kind: "record",
        result: outcome.value,
        reason: outcome.reason,
        merge: outcome.conflict,
      });
      return { record: onNewBase(sides, outcome.value), conflict, won: outcome.side };
    }
    case "asked": {
      const conflict = conflictOf(current, remote, context, {
        kind: "record",
        result: undefined,
        reason: outcome.reason,
        open: true,
        merge: outcome.conflict,
      });
      return hold(sides, conflict);
    }
  }
}

/** The record stays as it is here, and is not pushed. */
function hold(sides: RebaseSides, conflict: ConflictRecord): Rebased {
  const next = onNewBase(sides, sides.current.value);
  const held = { type: "conflict", id: conflict.id, base: sides.baseValue } as const;
  return { record: next && { ...next, hold: held }, conflict };
}

/** The record with `value`, upon the remote version: pending where the two differ. */
function onNewBase({ current, remote, remoteValue }: RebaseSides, value: JsonValue | undefined): LocalRecord | null {
  if (jsonEquals(value, remoteValue)) return settledRecord(current.key, remote);
  const pending = current.pending ?? { order: 0, again: null };
  return {
    key: current.key,
    base: isCounted(remote) ? remote : null,
    value,
    modifiedAt: Math.max(current.modifiedAt, (remote?.modifiedAt ?? 0) + 1),
    schema: current.schema,
    // S-4: upon a newer base it no longer matters that it was sent: the attempt has ended, and what is equal to this base
    // was never sent from it. Otherwise going back to the base would count as an edit, and win over what was built on it.
    pending: pending.again === "sent" ? { ...pending, again: null } : pending,
    hold: current.hold?.type === "rejected" ? current.hold : null,
  };
}
