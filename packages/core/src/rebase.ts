// What a pulled version does to one record: taken where nothing is pending, else the pending edit is laid upon it.
import { settledRecord } from "./commit-plan.ts";
import { conflictOf } from "./conflict-record.ts";
import type { ConflictRecord, AnyResolver, Resolver } from "./conflict.ts";
import type { DatasetName, RecordKey } from "./ids.ts";
import { jsonEquals, type JsonValue } from "./json-value.ts";
import { mergeRecords } from "./merge.ts";
import { isCounted, isSameVersion, versionValue, type LocalRecord, type Pending, type Version } from "./record.ts";

export interface RebaseContext {
  readonly dataset: DatasetName;
  readonly resolver: Resolver<JsonValue> | AnyResolver | undefined;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: number;
  /** The dataset was deleted since: what is pending re-creates it (S-11). */
  readonly datasetDeleted?: boolean;
  /** The cloud went back to an older state: what it lacks is offered again, and never deleted here for that (S-12). */
  readonly cloudRestored?: boolean;
}

export interface Rebased {
  /** null: nothing is left to keep. */
  readonly record: LocalRecord | null;
  readonly conflict: ConflictRecord | null;
}

/** `remote` null: the cloud has no such record (full compare, or the dataset was deleted). */
export function rebaseRecord(
  key: RecordKey,
  current: LocalRecord | undefined,
  remote: Version | null,
  context: RebaseContext,
): Rebased {
  if (context.cloudRestored && current && isOfferable(current, remote)) {
    return chooseNewer({ ...current, pending: reoffered(current) }, remote, context);
  }
  if (!current?.pending) return { record: settledRecord(key, remote), conflict: null };
  const base = isCounted(remote) ? remote : null;
  if (remote?.content.type === "unreadable") return { record: { ...current, base }, conflict: null };
  if (isSameVersion(current.base, base) && current.base?.content.type !== "unreadable") {
    return { record: { ...current, base }, conflict: null };
  }
  const remoteValue = versionValue(remote);
  const heldBase = current.hold?.type === "conflict" ? current.hold.base : undefined;
  const baseValue = current.hold?.type === "conflict" ? heldBase : versionValue(current.base);
  if (jsonEquals(current.value, remoteValue)) return { record: settledRecord(key, remote), conflict: null };
  const twoWay =
    current.pending.again === "reoffered" ||
    (current.pending.again === "sent" && jsonEquals(current.value, versionValue(current.base)));
  if (twoWay) return chooseNewer(current, remote, context);
  if (jsonEquals(baseValue, remoteValue)) return { record: onNewBase(current, remote, current.value), conflict: null };
  if (context.datasetDeleted) {
    const conflict = conflictOf(current, remote, context, {
      kind: "dataset-deleted",
      result: current.value,
      reason: "The dataset was deleted elsewhere; the edit that was pending here re-creates this record.",
    });
    return { record: onNewBase(current, remote, current.value), conflict };
  }
  return merged(current, remote, baseValue, context);
}

/** S-12: what differs from a cloud that went back, as far as both can be read (S-19). */
function isOfferable(current: LocalRecord, remote: Version | null): boolean {
  if (current.base?.content.type === "unreadable" || remote?.content.type === "unreadable") return false;
  return !isSameVersion(current.base, remote) && !jsonEquals(current.value, versionValue(remote));
}

const reoffered = ({ pending }: LocalRecord): Pending => ({ order: pending?.order ?? 0, again: "reoffered" });

/** Without a base there is nothing to merge from: the newer edit wins, the other is kept in the conflict record. */
function chooseNewer(current: LocalRecord, remote: Version | null, context: RebaseContext): Rebased {
  const localWins = current.modifiedAt > (remote?.modifiedAt ?? 0);
  const result = localWins ? current.value : versionValue(remote);
  const conflict = conflictOf(current, remote, context, {
    kind: context.cloudRestored ? "cloud-restored" : "record",
    result,
    reason: `${context.cloudRestored ? "The cloud went back to an older state" : "It could not be told what both sides started from"}, so the newer edit won: ${localWins ? "this device's" : "the cloud's"}.`,
  });
  return {
    record: localWins ? onNewBase(current, remote, current.value) : settledRecord(current.key, remote),
    conflict,
  };
}

function merged(
  current: LocalRecord,
  remote: Version | null,
  base: JsonValue | undefined,
  context: RebaseContext,
): Rebased {
  const outcome = mergeRecords({
    key: current.key,
    base,
    local: current.value,
    remote: versionValue(remote),
    localModifiedAt: current.modifiedAt,
    remoteModifiedAt: remote?.modifiedAt ?? 0,
    resolver: context.resolver,
  });
  switch (outcome.type) {
    case "clean":
      return { record: onNewBase(current, remote, outcome.value), conflict: null };
    case "resolved": {
      const conflict = conflictOf(current, remote, context, {
        kind: "record",
        result: outcome.value,
        reason: outcome.reason,
        merge: outcome.conflict,
      });
      return { record: onNewBase(current, remote, outcome.value), conflict };
    }
    case "asked": {
      const conflict = conflictOf(current, remote, context, {
        kind: "record",
        result: undefined,
        reason: outcome.reason,
        open: true,
        merge: outcome.conflict,
      });
      const next = onNewBase(current, remote, current.value);
      return { record: next && { ...next, hold: { type: "conflict", id: conflict.id, base } }, conflict };
    }
  }
}

/** The record with `value`, upon the remote version: pending where the two differ. */
function onNewBase(current: LocalRecord, remote: Version | null, value: JsonValue | undefined): LocalRecord | null {
  if (jsonEquals(value, versionValue(remote))) return settledRecord(current.key, remote);
  return {
    key: current.key,
    base: isCounted(remote) ? remote : null,
    value,
    modifiedAt: Math.max(current.modifiedAt, (remote?.modifiedAt ?? 0) + 1),
    schema: current.schema,
    pending: { order: current.pending?.order ?? 0, again: current.pending?.again ?? null },
    hold: current.hold?.type === "rejected" ? current.hold : null,
  };
}
