// What a replica knows of one dataset beside its records: the checkpoint, the head as it was read there, and the attempt.
import { emptyDigest, type Digest } from "./digest.ts";
import type { CommitId, RecordKey, ReplicaId, SyncCount } from "./ids.ts";
import type { JsonValue } from "./json-value.ts";

/** Short replica id → id of its last landed commit; the longest silent writer first. */
export type Writers = readonly (readonly [replica: ReplicaId, commit: CommitId])[];

/** A dataset's head item, as read. */
export interface Head {
  readonly syncCount: SyncCount;
  readonly commit: CommitId;
  /** Records in the head's commit. */
  readonly changed: number;
  readonly digest: Digest;
  /** Live records. */
  readonly recordCount: number;
  /** Records at or under it do not exist. */
  readonly floor: SyncCount;
  readonly deleted: boolean;
  /** The records at or under the floor have been taken out of the table. */
  readonly swept: boolean;
  readonly lineage: string;
  readonly writers: ReadonlyMap<ReplicaId, CommitId>;
  /** Milliseconds since 1970, by the writer's skew-corrected clock. */
  readonly committedAt: number;
  readonly format: number;
}

/** The remote version that this replica holds, durably and verified. Commit and lineage are null where there was no head. */
export interface Checkpoint {
  readonly syncCount: SyncCount;
  readonly commit: CommitId | null;
  readonly digest: Digest;
  readonly recordCount: number;
  readonly floor: SyncCount;
  readonly lineage: string | null;
  readonly writers: Writers;
  readonly committedAt: number;
}

export interface SentRecord {
  readonly key: RecordKey;
  /** undefined: a tombstone is sent. */
  readonly value: JsonValue | undefined;
  readonly modifiedAt: number;
  readonly schema: number;
  /** The version that it replaces; null where the base is not live (S-3). */
  readonly base: { readonly syncCount: SyncCount; readonly commit: CommitId } | null;
}

/** S-5: a commit as it is sent, made durable before it leaves, repeated byte for byte until it is resolved. */
export interface Attempt {
  readonly commit: CommitId;
  readonly writer: ReplicaId;
  readonly base: { readonly syncCount: SyncCount; readonly commit: CommitId | null };
  readonly records: readonly SentRecord[];
  readonly digest: Digest;
  readonly recordCount: number;
  readonly floor: SyncCount;
  readonly lineage: string;
  readonly writers: Writers;
  /** Milliseconds since 1970; the tombstones' expiry counts from it. */
  readonly committedAt: number;
  /** S-11: the attempt deletes the dataset; null: it writes records. */
  readonly deletion: Deletion | null;
}

/** S-11: the edits that were pending when the dataset was deleted here go with it; later ones re-create it. */
export interface Deletion {
  readonly dropped: readonly { readonly key: RecordKey; readonly order: number; readonly modifiedAt: number }[];
}

export interface ReplicaState {
  /** null: the cloud's dataset was never here as a whole. */
  readonly checkpoint: Checkpoint | null;
  readonly attempt: Attempt | null;
  /** S-12: this replica's last commit known to have landed. */
  readonly lastLanded: CommitId | null;
  /** The next place in the outbox. */
  readonly nextOrder: number;
  /** When the replica last equalled the cloud with nothing pending; milliseconds since 1970. */
  readonly lastSyncedAt: number | null;
}

export const emptyReplica: ReplicaState = {
  checkpoint: null,
  attempt: null,
  lastLanded: null,
  nextOrder: 1,
  lastSyncedAt: null,
};

/** Verified: the cloud has neither head nor record of this dataset. */
export const emptyCheckpoint: Checkpoint = {
  syncCount: 0 as SyncCount,
  commit: null,
  digest: emptyDigest,
  recordCount: 0,
  floor: 0 as SyncCount,
  lineage: null,
  writers: [],
  committedAt: 0,
};

/** The checkpoint at a head that was verified. */
export function checkpointAt(head: Head, known: Writers): Checkpoint {
  const { syncCount, commit, digest, recordCount, floor, lineage, committedAt } = head;
  return {
    syncCount,
    commit,
    digest,
    recordCount,
    floor,
    lineage,
    writers: orderWriters(known, head.writers),
    committedAt,
  };
}

/** The head's map has no order; whoever has a new commit since it was last seen moves to the end. */
function orderWriters(known: Writers, current: ReadonlyMap<ReplicaId, CommitId>): Writers {
  const silent = known.filter(([replica, commit]) => current.get(replica) === commit);
  const seen = new Set(silent.map(([replica]) => replica));
  return [...silent, ...[...current].filter(([replica]) => !seen.has(replica))];
}
