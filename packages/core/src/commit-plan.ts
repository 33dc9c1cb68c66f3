// From pending records to one attempt (S-2, S-5), and from its acknowledgement to the new bases.
import { DigestSum, emptyDigest } from "./digest.ts";
import { nextSyncCount, type CommitId, type RecordKey, type ReplicaId } from "./ids.ts";
import { jsonEquals, storageForm, utf8Bytes } from "./json-value.ts";
import { clockAheadMsMax, commitBytesMax, commitRecordsMax, headWritersMax, recordOverheadBytes } from "./limits.ts";
import { isCounted, isSendable, versionValue, type Content, type LocalRecord, type Version } from "./record.ts";
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

/** The next attempt, or null where nothing can go up. Pending mutations go up oldest first. */
export function planCommit(
  checkpoint: Checkpoint,
  pending: readonly LocalRecord[],
  context: CommitContext,
): Attempt | null {
  const chosen = chooseRecords(pending, context.recordsMax ?? commitRecordsMax);
  if (chosen.length === 0) return null;
  const records = chosen.map((record): SentRecord => ({
    key: record.key,
    value: record.value,
    modifiedAt: Math.min(record.modifiedAt, context.now + clockAheadMsMax),
    schema: record.schema,
    base: isCounted(record.base) ? { syncCount: record.base.syncCount, commit: record.base.commit } : null,
  }));
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
    landed.set(key, goes ? null : { ...record, base: null, hold: null });
  }
  return landed;
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
  const local = current ? current.value : sent.value;
  if (jsonEquals(local, sent.value)) return settledRecord(sent.key, base);
  return {
    key: sent.key,
    base: isCounted(base) ? base : null,
    value: local,
    modifiedAt: Math.max(current?.modifiedAt ?? 0, sent.modifiedAt + 1),
    schema: current?.schema ?? sent.schema,
    pending: { order: current?.pending?.order ?? 0, again: null },
    hold: current?.hold ?? null,
  };
}

export function sentVersion(sent: SentRecord, attempt: Attempt): Version {
  const content: Content = sent.value === undefined ? { type: "removed" } : { type: "live", value: sent.value };
  const syncCount = nextSyncCount(attempt.base.syncCount);
  return { syncCount, commit: attempt.commit, modifiedAt: sent.modifiedAt, schema: sent.schema, content };
}

/** Local equals base: nothing is kept of what does not exist. */
export function settledRecord(key: LocalRecord["key"], base: Version | null): LocalRecord | null {
  if (!isCounted(base)) return null;
  const { modifiedAt, schema } = base;
  return { key, base, value: versionValue(base), modifiedAt, schema, pending: null, hold: null };
}

function chooseRecords(pending: readonly LocalRecord[], recordsMax: number): readonly LocalRecord[] {
  const chosen: LocalRecord[] = [];
  let bytes = 0;
  for (const record of pending.filter(isSendable).sort(byPlace)) {
    if (chosen.length === recordsMax) break;
    bytes += recordBytes(record);
    if (bytes > commitBytesMax && chosen.length > 0) break;
    chosen.push(record);
  }
  return chosen;
}

const byPlace = (a: LocalRecord, b: LocalRecord): number => (a.pending?.order ?? 0) - (b.pending?.order ?? 0);

const recordBytes = (record: LocalRecord): number =>
  recordOverheadBytes + utf8Bytes(record.key) + (record.value === undefined ? 0 : storageForm(record.value).bytes);

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
