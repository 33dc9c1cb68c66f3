// What tests of the sync rules are made of, with everything filled in that a test does not care for.
import type { CommitContext } from "../src/commit-plan.ts";
import { DigestSum } from "../src/digest.ts";
import { parseCommitId, parseDatasetName, parseRecordKey, parseReplicaId, parseSyncCount } from "../src/ids.ts";
import type { CommitId, RecordKey, ReplicaId, SyncCount } from "../src/ids.ts";
import { parseValue, type JsonValue } from "../src/json-value.ts";
import type { AdoptContext, AdoptOutcome } from "../src/pull.ts";
import { isCounted, settledRecord, type LocalRecord, type RemoteRecord, type Version } from "../src/record.ts";
import { checkpointAt, emptyReplica, type Head, type ReplicaState } from "../src/replica.ts";
import type { SyncErrorInfo } from "../src/sync-error.ts";

export const keyOf = (name: string): RecordKey => parseRecordKey(name);
export const countOf = (count: number): SyncCount => parseSyncCount(count);
/** A commit id by a short name. */
export const commitOf = (name: string | number): CommitId => parseCommitId(String(name).padStart(22, "_"));
/** A replica id by a short name. */
export const replicaOf = (name: string | number): ReplicaId => parseReplicaId(String(name).padStart(8, "_"));

export const me = replicaOf("me");
export const other = replicaOf("other");
export const notes = parseDatasetName("notes");
/** The time at which tests take place, unless they say another. */
export const noon = 1_000_000_000;

const tooNew: SyncErrorInfo = { code: "format-too-new", message: "A newer version of the app wrote it." };

export interface Place {
  readonly count: number;
  readonly commit: string | number;
  readonly modifiedAt?: number;
  readonly schema?: number;
}

const placed = ({ count, commit, modifiedAt = noon, schema = 1 }: Place) => ({
  syncCount: countOf(count),
  commit: commitOf(commit),
  modifiedAt,
  schema,
});

export const liveAt = (value: JsonValue, place: Place): Version => ({
  ...placed(place),
  content: { type: "live", value: parseValue(value) },
});

export const removedAt = (place: Place): Version => ({ ...placed(place), content: { type: "removed" } });

export const unreadableAt = (place: Place): Version => ({
  ...placed(place),
  content: { type: "unreadable", error: tooNew, item: { format: 9 } },
});

/** A version as it is pulled under the key `name`. */
export const remoteOf = (name: string, version: Version): RemoteRecord => ({ key: keyOf(name), ...version });

/** A record with nothing pending. */
export function settledOf(name: string, base: Version): LocalRecord {
  const record = settledRecord(keyOf(name), base);
  if (record === null) throw new RangeError("a tombstone leaves no record");
  return record;
}

/** A record whose local value (undefined: removed) waits to be pushed. */
export function pendingOf(
  name: string,
  value: JsonValue | undefined,
  rest: Partial<Omit<LocalRecord, "key" | "value">> = {},
): LocalRecord {
  return {
    key: keyOf(name),
    base: null,
    value: value === undefined ? undefined : parseValue(value),
    modifiedAt: noon,
    schema: 1,
    pending: { order: 1, again: null },
    hold: null,
    ...rest,
  };
}

export const recordsByKey = (...records: readonly LocalRecord[]): Map<RecordKey, LocalRecord> =>
  new Map(records.map((record) => [record.key, record]));

export interface HeadFields extends Partial<Omit<Head, "syncCount" | "commit" | "floor">> {
  readonly count: number;
  readonly commit: string | number;
  readonly floor?: number;
}

/** The head that tells the truth about `records`, all that the cloud holds. */
export function headOver(records: readonly RemoteRecord[], { count, commit, floor = 0, ...rest }: HeadFields): Head {
  const sum = new DigestSum();
  for (const record of records) if (isCounted(record) && record.syncCount > floor) sum.add(record);
  return {
    syncCount: countOf(count),
    commit: commitOf(commit),
    changed: records.filter(({ syncCount }) => syncCount === count).length,
    digest: sum.digest,
    recordCount: sum.recordCount,
    floor: countOf(floor),
    deleted: false,
    swept: false,
    lineage: "lineage",
    writers: new Map(),
    committedAt: noon,
    format: 1,
    ...rest,
  };
}

/** A replica that stands, verified, at `head`. */
export const stateAt = (head: Head, rest: Partial<ReplicaState> = {}): ReplicaState => ({
  ...emptyReplica,
  checkpoint: checkpointAt(head, []),
  ...rest,
});

export const adoptContext: AdoptContext = { dataset: notes, replica: me, resolver: undefined, now: noon };

export const commitContext = (commit: string | number, rest: Partial<CommitContext> = {}): CommitContext => ({
  commit: commitOf(commit),
  replica: me,
  newLineage: "new-lineage",
  now: noon,
  ...rest,
});

/** The outcome of a pull that must verify. */
export function verifiedOf(outcome: AdoptOutcome): Extract<AdoptOutcome, { type: "verified" }> {
  if (outcome.type !== "verified") throw new Error("the pull did not verify");
  return outcome;
}

/** The value that must be there. */
export function sure<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new Error("nothing is there");
  return value;
}
