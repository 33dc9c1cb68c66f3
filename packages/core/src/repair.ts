// S-10, S-12, S-13: what to do where the cloud's head does not tell the truth about its records.
import { DigestSum } from "./digest.ts";
import type { CommitId, ReplicaId, SyncCount } from "./ids.ts";
import { headWritersMax, repairAfterMs } from "./limits.ts";
import { isCounted, type RemoteRecord } from "./record.ts";
import {
  emptyCheckpoint,
  type Attempt,
  type Checkpoint,
  type Head,
  type ReplicaState,
  type Writers,
} from "./replica.ts";
import { writersAfter } from "./commit-plan.ts";

/** A listing that did not add up to its head, to be recognised when it is met again. */
export interface Disagreement {
  readonly headCommit: CommitId | null;
  readonly digest: string;
  readonly at: number;
}

export interface RepairContext {
  readonly commit: CommitId;
  readonly replica: ReplicaId;
  readonly newLineage: string;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: number;
  readonly seenBefore: Disagreement | null;
}

export interface Repair {
  /** A commit of the head alone, under S-2's condition; null: not allowed (yet). */
  readonly attempt: Attempt | null;
  readonly disagreement: Disagreement | null;
}

/** `head` was the same before and after `listing`, the whole dataset, was read. */
export function planRepair(
  state: ReplicaState,
  head: Head | null,
  listing: readonly RemoteRecord[],
  context: RepairContext,
): Repair {
  const floor = head?.floor ?? state.checkpoint?.floor ?? 0;
  const live = listing.filter((record) => record.syncCount > floor);
  const sum = new DigestSum();
  for (const record of live) if (isCounted(record)) sum.add(record);
  const headCommit = head?.commit ?? null;
  const same = context.seenBefore?.headCommit === headCommit && context.seenBefore.digest === sum.digest;
  const disagreement =
    same && context.seenBefore ? context.seenBefore : { headCommit, digest: sum.digest, at: context.now };
  const above = head !== null && live.some((record) => record.syncCount > head.syncCount);
  const lastCommitSeenWhole =
    head !== null && live.filter((record) => record.syncCount === head.syncCount).length === head.changed;
  const waited = context.now - disagreement.at >= repairAfterMs;
  if (above || !(head === null || lastCommitSeenWhole || waited)) return { attempt: null, disagreement };
  if (head !== null && sum.digest === head.digest && sum.recordCount === head.recordCount) {
    return { attempt: null, disagreement: null };
  }
  return { attempt: repairAttempt(state, head, live, sum, context), disagreement: null };
}

function repairAttempt(
  state: ReplicaState,
  head: Head | null,
  live: readonly RemoteRecord[],
  sum: DigestSum,
  context: RepairContext,
): Attempt {
  const known: Writers = head ? [...head.writers] : (state.checkpoint?.writers ?? []);
  return {
    commit: context.commit,
    writer: context.replica,
    base: { syncCount: head?.syncCount ?? highestCount(state.checkpoint, live), commit: head?.commit ?? null },
    records: [],
    digest: sum.digest,
    recordCount: sum.recordCount,
    floor: head?.floor ?? emptyCheckpoint.floor,
    lineage: head?.lineage ?? context.newLineage,
    // A repair is no commit of this replica's own: its last landed commit stays the one that it knows.
    writers: head ? known : state.lastLanded ? writersAfter(known, context.replica, state.lastLanded) : known,
    committedAt: context.now,
    deletion: null,
  };
}

/** S-13. One by one: a dataset may hold more records than a call takes arguments. */
function highestCount(checkpoint: Checkpoint | null, live: readonly RemoteRecord[]): SyncCount {
  const { syncCount, floor } = checkpoint ?? emptyCheckpoint;
  let highest = syncCount > floor ? syncCount : floor;
  for (const record of live) if (record.syncCount > highest) highest = record.syncCount;
  return highest;
}

/**
 * S-12: what can never be seen in one history. A head below the checkpoint, or as high with another commit; another
 * lineage; a last commit of this replica that it never made, or none where one had landed.
 */
export function isCloudBehind(state: ReplicaState, head: Head, replica: ReplicaId): boolean {
  const { checkpoint, attempt, lastLanded } = state;
  if (checkpoint === null || checkpoint.commit === null) return false;
  if (head.syncCount < checkpoint.syncCount) return true;
  if (head.syncCount === checkpoint.syncCount && head.commit !== checkpoint.commit) return true;
  if (head.lineage !== checkpoint.lineage) return true;
  const mine = head.writers.get(replica);
  // A writer leaves the list only for 16 others.
  if (mine === undefined) return lastLanded !== null && head.writers.size < headWritersMax;
  return mine !== lastLanded && mine !== attempt?.commit;
}
