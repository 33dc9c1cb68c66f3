// From pending records to one attempt (S-2, S-5), and from its acknowledgement to the new bases.
import { DigestSum, emptyDigest } from "./digest.ts";
import { nextSyncCount, type CommitId, type RecordKey, type ReplicaId } from "./ids.ts";
import { storageForm, utf8Bytes } from "./json-value.ts";
import { clockAheadMsMax, commitBytesMax, commitRecordsMax, headWritersMax, recordOverheadBytes } from "./limits.ts";
import { layersOf, nextLayer, stackLayers } from "./layers.ts";
import {
  isCounted,
  isSendable,
  settledRecord,
  type Content,
  type Layer,
  type LocalRecord,
  type Pending,
  type Version,
} from "./record.ts";
import type { Attempt, Checkpoint, Deletion, ReplicaState, SentRecord, Writers } from "./replica.ts";
import type { SyncErrorInfo } from "./sync-error.ts";

export interface CommitContext {
  readonly commit: CommitId;
  readonly replica: ReplicaId;
  /** Used where the commit creates the dataset. */
  readonly newLineage: string;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: number;
  /** At most this many records; smaller than the limit while a refused one is being singled out. */
  readonly recordsMax?: number;
}

/**
 * The next attempt, or null where nothing can go up. Pending mutations go up oldest first; a group goes whole, and so it
 * does where it has more than `recordsMax` records. `horizon`: all that may go up is here up to this place.
 */
export function planCommit(
  checkpoint: Checkpoint,
  pending: readonly LocalRecord[],
  context: CommitContext,
  horizon = Infinity,
): Attempt | null {
  const chosen = chooseRecords(pending, context.recordsMax ?? commitRecordsMax, horizon);
  if (chosen.length === 0) return null;
  const records = chosen.map((record): SentRecord => {
    const { key, base } = record;
    const { value, modifiedAt, schema } = nextLayer(record);
    return {
      ...{ key, value, schema, modifiedAt: Math.min(modifiedAt, context.now + clockAheadMsMax) },
      base: isCounted(base) ? { syncCount: base.syncCount, commit: base.commit } : null,
    };
  });
  const sum = new DigestSum(checkpoint.digest, checkpoint.recordCount);
  const syncCount = nextSyncCount(checkpoint.syncCount);
  for (const { key, value, base } of records) {
    if (base) sum.subtract({ key, ...base });
    if (value !== undefined) sum.add({ key, syncCount, commit: context.commit });
  }
  return {
    commit: context.commit,
    writer: context.replica,
    base: { syncCount: checkpoint.syncCount, commit: checkpoint.commit },
    records,
    digest: sum.digest,
    recordCount: sum.recordCount,
    floor: checkpoint.floor,
    lineage: checkpoint.lineage ?? context.newLineage,
    writers: writersAfter(checkpoint.writers, context.replica, context.commit),
    committedAt: context.now,
    deletion: null,
  };
}

/** S-11: the dataset ends under a floor at the commit's own count. `pending`: all that waits to go up here. */
export function planDeletion(checkpoint: Checkpoint, pending: readonly LocalRecord[], context: CommitContext): Attempt {
  return {
    commit: context.commit,
    writer: context.replica,
    base: { syncCount: checkpoint.syncCount, commit: checkpoint.commit },
    records: [],
    digest: emptyDigest,
    recordCount: 0,
    floor: nextSyncCount(checkpoint.syncCount),
    lineage: checkpoint.lineage ?? context.newLineage,
    writers: writersAfter(checkpoint.writers, context.replica, context.commit),
    committedAt: context.now,
    deletion: {
      dropped: pending.map(({ key, modifiedAt, pending: place }) => ({ key, modifiedAt, order: place?.order ?? 0 })),
    },
  };
}

/**
 * S-11: the records when this replica's own deletion has landed; null: it goes. An edit that was made while the deletion
 * was under way has another place in the outbox than the one before it.
 */
export function landDeletion(
  records: ReadonlyMap<RecordKey, LocalRecord>,
  { dropped }: Deletion,
): ReadonlyMap<RecordKey, LocalRecord | null> {
  const droppedByKey = new Map(dropped.map((edit) => [edit.key, edit]));
  const landed = new Map<RecordKey, LocalRecord | null>();
  for (const [key, record] of records) {
    const { pending, modifiedAt, value } = record;
    const edit = droppedByKey.get(key);
    const isDropped = edit?.order === pending?.order && edit?.modifiedAt === modifiedAt;
    const goes = !pending || isDropped || value === undefined;
    landed.set(key, goes ? null : { ...record, base: null, hold: null, pending: withoutDropped(pending, edit?.order) });
  }
  return landed;
}

/** S-16: of what the record was in earlier groups, that which went with the deletion goes. */
function withoutDropped(pending: Pending, dropped = 0): Pending {
  if (!pending.group) return pending;
  return { ...pending, group: { sealed: pending.group.sealed.filter(({ order }) => order > dropped) } };
}

/** The cloud has taken the attempt: bases := sent values; what was edited meanwhile stays pending. */
export function acknowledgeCommit(
  state: ReplicaState,
  attempt: Attempt,
  recordOf: (sent: SentRecord) => LocalRecord | undefined,
): { readonly state: ReplicaState; readonly records: ReadonlyMap<SentRecord["key"], LocalRecord | null> } {
  const syncCount = nextSyncCount(attempt.base.syncCount);
  const { commit, digest, recordCount, floor, lineage, writers, committedAt } = attempt;
  return {
    state: {
      ...state,
      attempt: null,
      lastLanded: commit,
      checkpoint: { syncCount, commit, digest, recordCount, floor, lineage, writers, committedAt },
    },
    records: new Map(attempt.records.map((sent) => [sent.key, landRecord(recordOf(sent), sent, attempt)])),
  };
}

/** One record of a landed attempt: its base is what was sent. */
export function landRecord(current: LocalRecord | undefined, sent: SentRecord, attempt: Attempt): LocalRecord | null {
  const base = sentVersion(sent, attempt);
  if (!current) return settledRecord(sent.key, base);
  // What was edited since is later than what it was built on, whatever the clock says.
  const layers = layersOf(current).map((layer): Layer => ({
    ...layer,
    modifiedAt: Math.max(layer.modifiedAt, sent.modifiedAt + 1),
  }));
  // A row that is not pending any more (it was lost, and healed) holds what the app sees.
  const { value, modifiedAt, schema, pending, hold } = current;
  const kept = pending ? layers : [{ order: 0, value, modifiedAt: Math.max(modifiedAt, sent.modifiedAt + 1), schema }];
  return stackLayers({ key: sent.key, base, hold, again: null, isGrouped: pending?.group !== undefined }, kept);
}

export function sentVersion(sent: SentRecord, attempt: Attempt): Version {
  const content: Content = sent.value === undefined ? { type: "removed" } : { type: "live", value: sent.value };
  const syncCount = nextSyncCount(attempt.base.syncCount);
  return { syncCount, commit: attempt.commit, modifiedAt: sent.modifiedAt, schema: sent.schema, content };
}

function chooseRecords(pending: readonly LocalRecord[], recordsMax: number, horizon: number): readonly LocalRecord[] {
  const chosen: LocalRecord[] = [];
  /** Places of groups with a record that goes up in an earlier one: it can't be in this commit twice. */
  const later = new Set<number>();
  let bytes = 0;
  for (const unit of unitsOf(pending)) {
    const place = placeOf(unit[0]);
    if (later.has(place) || (unit[0]?.pending?.group && place > horizon)) break;
    bytes += unit.reduce((sum, record) => sum + recordBytes(record), 0);
    if (chosen.length > 0 && (chosen.length + unit.length > recordsMax || bytes > commitBytesMax)) break;
    chosen.push(...unit);
    for (const record of unit) for (const { order } of layersOf(record).slice(1)) later.add(order);
  }
  return chosen;
}

/** What goes up together: a record, or the records of a group; oldest first. */
function unitsOf(pending: readonly LocalRecord[]): readonly (readonly LocalRecord[])[] {
  const units: LocalRecord[][] = [];
  for (const record of pending.filter(isSendable).sort((a, b) => placeOf(a) - placeOf(b))) {
    const last = units.at(-1);
    const isSameGroup = record.pending?.group && last?.[0]?.pending?.group && placeOf(last[0]) === placeOf(record);
    if (isSameGroup) last.push(record);
    else units.push([record]);
  }
  return units;
}

const placeOf = (record: LocalRecord | undefined): number => (record ? nextLayer(record).order : 0);

const recordBytes = (record: LocalRecord): number => layerBytes(record.key, nextLayer(record));

/** Bytes that a value takes in a commit, at most. */
export const layerBytes = (key: RecordKey, { value }: Pick<Layer, "value">): number =>
  recordOverheadBytes + utf8Bytes(key) + (value === undefined ? 0 : storageForm(value).bytes);

/** The 16 writers that were heard of last, this one at the end. */
export function writersAfter(writers: Writers, replica: ReplicaId, commit: CommitId): Writers {
  return [...writers.filter(([other]) => other !== replica), [replica, commit] as const].slice(-headWritersMax);
}

/** S-14: the attempt was refused and nothing of it applied. Those at fault are held back; the rest is offered again. */
export function rejectRecords(
  records: ReadonlyMap<RecordKey, LocalRecord>,
  atFault: ReadonlySet<RecordKey>,
  error: SyncErrorInfo,
  { at, commit }: { readonly at: number; readonly commit: CommitId },
): ReadonlyMap<RecordKey, LocalRecord> {
  const held = new Map<RecordKey, LocalRecord>();
  for (const key of atFault) {
    const record = records.get(key);
    if (record?.pending)
      held.set(key, { ...record, hold: { type: "rejected", id: `${commit}/${key}`, error: { ...error, key }, at } });
  }
  return held;
}
