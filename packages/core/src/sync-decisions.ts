// What the local transactions of a sync decide. Each is called inside its transaction, with what is there then: another tab
// may have moved on since the run looked last, and an answer acts only if the store still holds the attempt that it is
// for (S-15).
import { acknowledgeCommit, planCommit, planDeletion, rejectRecords, type CommitContext } from "./commit-plan.ts";
import type { ConflictRecord } from "./conflict.ts";
import type { RecordKey } from "./ids.ts";
import { alignGroups } from "./groups.ts";
import { jsonEquals, type JsonValue } from "./json-value.ts";
import { nextLayer } from "./layers.ts";
import { adoptPull, needsWholeReplica, type AdoptContext, type Pulled } from "./pull.ts";
import type { Arrival } from "./layer-stack.ts";
import { rebaseGroups } from "./rebase-group.ts";
import { rebaseRecord, type RebaseContext } from "./rebase.ts";
import { isOutdated, isSameVersion, type LocalRecord, type Pending, type RemoteRecord } from "./record.ts";
import { recordsAfter, type Change, type Selection, type View } from "./replica-view.ts";
import { emptyCheckpoint, type Attempt, type ReplicaState } from "./replica.ts";
import type { Faults, SyncEvent } from "./sync-run.ts";

export interface Decided<E extends SyncEvent = SyncEvent> {
  readonly change: Change;
  readonly result: E;
}

const finished = { type: "finished", ok: true } as const;
const nothingDone: Decided = { change: {}, result: finished };

/** What adoption needs to see. */
export function selectionOf(state: ReplicaState, pulled: Pulled): Selection {
  if (needsWholeReplica(state, pulled)) return { type: "all" };
  const sent = state.attempt?.records ?? [];
  return { type: "keys", keys: [...new Set([...pulled.records, ...sent].map(({ key }) => key))] };
}

/** S-8, S-9: believes what was read, or nothing of it. `before`: the state for which `selectionOf` was asked. */
export function decideAdoption(view: View, before: ReplicaState, pulled: Pulled, context: AdoptContext): Decided {
  const { attempt, checkpoint } = view.state;
  const unverified: Decided = { change: {}, result: { type: "unverified" } };
  if (attempt?.commit !== before.attempt?.commit || checkpoint?.commit !== before.checkpoint?.commit) return unverified;
  const adopted = adoptPull(view.state, view.records, pulled, context);
  if (adopted.type === "unverified") return unverified;
  const { state, conflicts, pulled: count, merged } = adopted;
  // What could not be read here is replaced by the cloud's, or goes where the cloud has none; it is kept aside.
  const records = new Map(adopted.records);
  const damaged = needsWholeReplica(view.state, pulled) ? view.damaged : [];
  for (const key of damaged) if (!records.has(key)) records.set(key, null);
  const repaired = [...adopted.repaired, ...damaged];
  const hasLanded = attempt !== null && state.attempt === null && pulled.head.floor >= attempt.floor;
  const deleted = hasLanded && attempt.deletion !== null;
  return {
    change: { state, records, conflicts },
    result: { type: "adopted", pulled: count, merged, conflicts, repaired, deleted },
  };
}

/** Neither head nor record: verified, and the next commit makes the head. */
export function decideEmpty({ state }: View): Decided {
  return { ...nothingDone, change: state.checkpoint ? {} : { state: { ...state, checkpoint: emptyCheckpoint } } };
}

/** S-2, S-5: the next attempt, made durable before it leaves. `view` holds the outbox as far as it fits into one. */
export function decideCommit({ state, records, horizon }: View, context: CommitContext): Decided {
  const open = openAttempt(state);
  if (open) return open;
  if (state.checkpoint === null) return { change: {}, result: { type: "unready" } };
  const attempt = planCommit(state.checkpoint, [...records.values()], context, horizon);
  if (attempt) return { change: { state: { ...state, attempt } }, result: { type: "planned", attempt, first: true } };
  return { change: { state: { ...state, lastSyncedAt: context.now } }, result: { type: "nothing" } };
}

/** S-11: a deletion is an attempt like any other; where the cloud has nothing, only what is pending here goes. */
export function decideDeletion({ state, records }: View, context: CommitContext): Decided {
  const open = openAttempt(state);
  if (open) return open;
  if (state.checkpoint === null) return { change: {}, result: { type: "unready" } };
  const pending = [...records.values()].filter((record) => record.pending !== null);
  if (state.checkpoint.commit === null) {
    const gone = new Map(pending.map(({ key }) => [key, null] as const));
    return { change: { records: gone }, result: { type: "nothing" } };
  }
  const attempt = planDeletion(state.checkpoint, pending, context);
  return { change: { state: { ...state, attempt } }, result: { type: "planned", attempt, first: true } };
}

/** S-5: at most one for each dataset. */
const openAttempt = ({ attempt }: ReplicaState): Decided | null =>
  attempt && { change: {}, result: { type: "planned", attempt, first: false } };

/** Bases := sent values; and, in the same transaction, the next attempt. `context` null: no further one. */
export function decideAcknowledgement(view: View, attempt: Attempt, context: CommitContext | null): Decided {
  const isStill = view.state.attempt?.commit === attempt.commit;
  const acknowledged = isStill ? acknowledgeCommit(view.state, attempt, ({ key }) => view.records.get(key)) : null;
  const state = acknowledged?.state ?? view.state;
  // What comes next of a record may be held by another of its next group (S-16).
  const landed = acknowledged && alignGroups(view.records, acknowledged.records, false);
  const records = landed ? recordsAfter(view.records, landed) : view.records;
  const next: Decided = context
    ? decideCommit({ ...view, state, records }, context)
    : { change: {}, result: { type: "nothing" } };
  return { change: { state: next.change.state ?? state, records: landed ?? undefined }, result: next.result };
}

/** S-5, S-14: nothing of the attempt was applied, and never will be; the records at fault are held back with their reason. */
export function decideEnd(view: View, attempt: Attempt, atFault: Faults, at: number): Decided {
  const { state } = view;
  if (state.attempt?.commit !== attempt.commit) return nothingDone;
  const records = new Map<RecordKey, LocalRecord>();
  for (const { key, value } of attempt.records) {
    const error = atFault.get(key);
    // What was edited since was not refused: it goes up with the next attempt.
    const current = view.records.get(key);
    if (!error || !current || !jsonEquals(nextLayer(current).value, value)) continue;
    const held = rejectRecords(view.records, new Set([key]), error, { at, commit: attempt.commit });
    for (const [of, record] of held) records.set(of, record);
  }
  return { ...nothingDone, change: { state: { ...state, attempt: null }, records } };
}

/** Reads a kept item again (S-19); null where it still can't be read. */
export type ReadAgain = (item: JsonValue) => RemoteRecord | null;

/** S-19: whether one of the records is readable now, so that `decideReread` would change something. */
export const isReadableNow = (records: Iterable<LocalRecord>, readAgain: ReadAgain, version: number): boolean =>
  [...records].some((record) => reread(record, readAgain, version) !== null);

/** S-19: what an older version of the app could not read, and this one can, needs no new pull. */
export function decideReread({ records }: View, readAgain: ReadAgain, context: RebaseContext): Decided {
  const changed = new Map<RecordKey, LocalRecord | null>();
  const conflicts: ConflictRecord[] = [];
  const grouped = new Map<RecordKey, Arrival>();
  for (const [key, record] of records) {
    const read = reread(record, readAgain, context.version ?? Infinity);
    if (!read) continue;
    if (record.pending?.group) {
      grouped.set(key, { remote: read.remote, datasetDeleted: false });
      changed.set(key, read.current);
      continue;
    }
    const rebased = rebaseRecord(key, read.current, read.remote, context);
    changed.set(key, rebased.record);
    if (rebased.conflict) conflicts.push(rebased.conflict);
  }
  const members = [...recordsAfter(records, changed).values()].filter(({ pending }) => pending?.group);
  const decided = rebaseGroups(members, grouped, context);
  const all = new Map([...changed, ...decided.records]);
  return { ...nothingDone, change: { records: all, conflicts: [...conflicts, ...decided.conflicts] } };
}

function reread(record: LocalRecord, readAgain: ReadAgain, version: number) {
  const { base, pending } = record;
  const read = base?.content.type === "unreadable" ? readAgain(base.content.item) : null;
  const isKnownNow = isOutdated(record) && (base?.schema ?? 0) <= version;
  const remote = isSameVersion(read, base) ? read : isKnownNow ? base : null;
  if (remote === null) return null;
  // What an outdated edit was built on is gone: the two meet without a base.
  const reoffered: Pending = { order: 0, ...pending, again: "reoffered" };
  return { remote, current: isKnownNow ? { ...record, base: null, pending: reoffered } : record };
}
