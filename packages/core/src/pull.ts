// S-6, S-8, S-9: from what was read of the cloud to one local transaction, or to nothing where it does not verify.
import { acknowledgeCommit, landDeletion } from "./commit-plan.ts";
import { conflictOf } from "./conflict-record.ts";
import type { ConflictRecord } from "./conflict.ts";
import { DigestSum } from "./digest.ts";
import type { CommitId, RecordKey, ReplicaId } from "./ids.ts";
import { jsonEquals } from "./json-value.ts";
import type { Arrival } from "./layer-stack.ts";
import { rebaseGroups } from "./rebase-group.ts";
import { rebaseRecord, type RebaseContext } from "./rebase.ts";
import { isCounted, isSameVersion, versionValue, type LocalRecord, type RemoteRecord, type Version } from "./record.ts";
import { isCloudBehind } from "./repair.ts";
import { recordsAfter } from "./replica-view.ts";
import { checkpointAt, type Attempt, type Head, type ReplicaState } from "./replica.ts";

export interface Pulled {
  readonly head: Head;
  /** All pages, in the order in which they were read: of a record that was read twice, the later copy counts. */
  readonly records: readonly RemoteRecord[];
  /** Whether `records` is the whole dataset (S-9), or what changed since the checkpoint (S-8). */
  readonly whole: boolean;
}

export interface AdoptContext extends RebaseContext {
  readonly replica: ReplicaId;
}

export type AdoptOutcome =
  /** What was read does not add up to the head's digest: nothing is believed. */
  | { readonly type: "unverified" }
  | {
      readonly type: "verified";
      readonly state: ReplicaState;
      /** null: the record goes. Only what changes is listed. */
      readonly records: ReadonlyMap<RecordKey, LocalRecord | null>;
      readonly conflicts: readonly ConflictRecord[];
      /** Remote versions that were new here. */
      readonly pulled: number;
      /** Pending records that were merged with a remote version. */
      readonly merged: number;
      /** S-9: keys whose base was not what the cloud holds under the same version. */
      readonly repaired: readonly RecordKey[];
    };

/** Whether the records of the whole replica are needed, not only those that were pulled or sent. */
export const needsWholeReplica = (state: ReplicaState, pulled: Pulled): boolean =>
  pulled.whole || state.checkpoint === null || pulled.head.floor > state.checkpoint.syncCount;

/** Decides what one local transaction does. `records`: those of `needsWholeReplica`; a damaged one is absent. */
export function adoptPull(
  state: ReplicaState,
  records: ReadonlyMap<RecordKey, LocalRecord>,
  pulled: Pulled,
  context: AdoptContext,
): AdoptOutcome {
  const { head } = pulled;
  const remotes = latestAboveFloor(pulled);
  const landed = state.attempt ? fateOf(state.attempt, pulled, remotes, context.replica) : "open";
  const whole = needsWholeReplica(state, pulled);
  const start =
    landed === "landed" && state.attempt ? landAttempt(state, state.attempt, records) : { state, landed: null };
  if (!addsUp(start, records, remotes, head, whole)) return { type: "unverified" };

  const changes = new Map<RecordKey, LocalRecord | null>(start.landed ?? []);
  if (landed === "never" && state.attempt) offerAgain(state.attempt, records, changes);
  const cloudRestored = pulled.whole && hasGoneBack(state, records, remotes, head, context.replica);
  const current = (key: RecordKey): LocalRecord | undefined =>
    changes.has(key) ? (changes.get(key) ?? undefined) : records.get(key);

  const conflicts: ConflictRecord[] = [];
  if (landed === "landed" && state.attempt?.deletion) {
    const ending = { kind: "record", result: undefined, reason: "The dataset was deleted on this device." } as const;
    for (const record of records.values()) {
      if (record.hold?.type === "conflict") conflicts.push(conflictOf(record, null, context, ending));
    }
  }
  const repaired: RecordKey[] = [];
  /** S-16: what came for records of groups, which are decided together. */
  const grouped = new Map<RecordKey, Arrival>();
  let pulledCount = 0;
  let merged = 0;
  const apply = (key: RecordKey, remote: Version | null, datasetDeleted: boolean): void => {
    const before = current(key);
    const same = isSameVersion(before?.base ?? null, isCounted(remote) ? remote : null);
    if (same && !differs(before, remote)) return;
    if (same) repaired.push(key);
    else pulledCount += 1;
    if (before?.pending?.group) {
      grouped.set(key, { remote, datasetDeleted });
      merged += 1;
      return;
    }
    const rebased = rebaseRecord(key, before, remote, { ...context, datasetDeleted, cloudRestored });
    if (before?.pending && rebased.record) merged += 1;
    if (rebased.conflict) conflicts.push(rebased.conflict);
    if (rebased.record !== null || records.has(key) || changes.has(key)) changes.set(key, rebased.record);
  };
  for (const [key, remote] of remotes) apply(key, remote, false);
  if (whole) {
    for (const key of new Set([...records.keys(), ...changes.keys()])) {
      const base = current(key)?.base ?? null;
      if (base && !remotes.has(key)) apply(key, null, base.syncCount <= head.floor);
    }
  }
  if (grouped.size > 0) {
    const members = [...recordsAfter(records, changes).values()].filter(({ pending }) => pending?.group);
    const decided = rebaseGroups(members, grouped, { ...context, cloudRestored });
    conflicts.push(...decided.conflicts);
    for (const [key, record] of decided.records) changes.set(key, record);
  }
  return {
    type: "verified",
    state: {
      ...start.state,
      attempt: landed === "open" ? state.attempt : null,
      checkpoint: checkpointAt(head, state.checkpoint?.writers ?? []),
      lastLanded: head.writers.get(context.replica) ?? null,
    },
    records: changes,
    conflicts,
    pulled: pulledCount,
    merged,
    repaired,
  };
}

/** S-6. A head that stands past the attempt's base says what became of it. */
export function didLand(
  attempt: Attempt,
  head: Head,
  records: readonly RemoteRecord[],
  replica: ReplicaId,
): "landed" | "never" | "open" {
  if (head.syncCount === attempt.base.syncCount && head.commit === attempt.base.commit) return "open";
  const carries = (commit: CommitId | undefined): boolean => commit === attempt.commit;
  if (carries(head.writers.get(replica)) || records.some((record) => carries(record.commit))) return "landed";
  return "never";
}

/**
 * S-6; and where the head stands at the attempt's base, but the whole listing holds another version than one that the
 * attempt would replace (a row was lost here), the cloud refuses it as long as that head stands: it never lands. Else it
 * would be refused and repeated for ever.
 */
function fateOf(
  attempt: Attempt,
  { head, records, whole }: Pulled,
  remotes: ReadonlyMap<RecordKey, RemoteRecord>,
  replica: ReplicaId,
): ReturnType<typeof didLand> {
  const fate = didLand(attempt, head, records, replica);
  if (fate !== "open" || !whole) return fate;
  const isRefused = attempt.records.some(({ key, base }) => {
    const there = remotes.get(key) ?? null;
    return isCounted(there) ? base?.commit !== there.commit || base.syncCount !== there.syncCount : base !== null;
  });
  return isRefused ? "never" : "open";
}

/** Of each key the version read last; what is under the floor does not exist. */
function latestAboveFloor({ head, records }: Pulled): ReadonlyMap<RecordKey, RemoteRecord> {
  const latest = new Map<RecordKey, RemoteRecord>();
  for (const record of records) if (record.syncCount > head.floor) latest.set(record.key, record);
  return latest;
}

interface Start {
  readonly state: ReplicaState;
  /** The attempt's records on their new base; null where it did not land. */
  readonly landed: ReadonlyMap<RecordKey, LocalRecord | null> | null;
}

function landAttempt(state: ReplicaState, attempt: Attempt, records: ReadonlyMap<RecordKey, LocalRecord>): Start {
  const acknowledged = acknowledgeCommit(state, attempt, (sent) => records.get(sent.key));
  const { deletion } = attempt;
  if (deletion === null) return { state: acknowledged.state, landed: acknowledged.records };
  // The floor has risen, so the whole replica is here.
  return { state: acknowledged.state, landed: landDeletion(records, deletion) };
}

/** S-1: whether bases, landed attempt and pulled records make the head's digest and record count. */
function addsUp(
  start: Start,
  records: ReadonlyMap<RecordKey, LocalRecord>,
  remotes: ReadonlyMap<RecordKey, RemoteRecord>,
  head: Head,
  whole: boolean,
): boolean {
  const { checkpoint } = start.state;
  const sum = whole || !checkpoint ? new DigestSum() : new DigestSum(checkpoint.digest, checkpoint.recordCount);
  for (const [key, remote] of remotes) {
    const base = (start.landed?.has(key) ? start.landed.get(key)?.base : records.get(key)?.base) ?? null;
    if (!whole && isCounted(base)) sum.subtract({ key, syncCount: base.syncCount, commit: base.commit });
    if (isCounted(remote)) sum.add(remote);
  }
  return sum.digest === head.digest && sum.recordCount === head.recordCount;
}

/** S-12: by the head, or by a record that has another version than it had when the checkpoint was verified. */
function hasGoneBack(
  state: ReplicaState,
  records: ReadonlyMap<RecordKey, LocalRecord>,
  remotes: ReadonlyMap<RecordKey, RemoteRecord>,
  head: Head,
  replica: ReplicaId,
): boolean {
  if (isCloudBehind(state, head, replica)) return true;
  const known = state.checkpoint?.syncCount ?? 0;
  for (const [key, { syncCount, commit }] of remotes) {
    const base = records.get(key)?.base;
    if (base && syncCount <= known && commit !== base.commit) return true;
  }
  return false;
}

/** S-4: what was sent and never landed stays pending, even where it equals its base. */
function offerAgain(
  attempt: Attempt,
  records: ReadonlyMap<RecordKey, LocalRecord>,
  changes: Map<RecordKey, LocalRecord | null>,
): void {
  for (const sent of attempt.records) {
    const current = records.get(sent.key);
    const pending = { order: 0, ...current?.pending, again: current?.pending?.again ?? "sent" } as const;
    changes.set(sent.key, {
      key: sent.key,
      base: current?.base ?? null,
      // A row that was lost meanwhile must not become a removal.
      value: current ? current.value : sent.value,
      modifiedAt: current?.modifiedAt ?? sent.modifiedAt,
      schema: current?.schema ?? sent.schema,
      pending,
      hold: current?.hold ?? null,
    });
  }
}

/** The same version with another content: this replica's copy was damaged, or can be read only now. */
function differs(current: LocalRecord | undefined, remote: Version | null): boolean {
  const base = current?.base ?? null;
  if (base === null || remote === null || !isCounted(remote)) return false;
  return base.content.type !== remote.content.type || !jsonEquals(versionValue(base), versionValue(remote));
}
