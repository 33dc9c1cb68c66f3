// One run over a dataset, as data: where it stands, what has happened to it so far, and what can happen to it.
import type { ConflictRecord } from "./conflict.ts";
import type { RecordKey, ReplicaId } from "./ids.ts";
import type { Pulled } from "./pull.ts";
import type { RemoteRecord } from "./record.ts";
import type { Attempt, Head, ReplicaState } from "./replica.ts";
import type { SyncErrorInfo } from "./sync-error.ts";

/** What a run may begin with. */
export type Start = "pulling" | "comparing" | "planning";

/** What the run does now; the loop does it and answers with an event. */
export type Stage =
  /** What an older version of the app could not read is read again. */
  | { readonly type: "rereading"; readonly start: Start }
  /** S-7, S-8: all pages since the checkpoint are read. */
  | { readonly type: "pulling" }
  /** S-9: the whole dataset is read by key, between two reads of its head. */
  | { readonly type: "comparing" }
  /** One local transaction believes what was read, or nothing where it does not add up. */
  | { readonly type: "adopting"; readonly pulled: Pulled; readonly damaged: DamagedKeys }
  /** The cloud has neither head nor record: that is noted as the checkpoint. */
  | { readonly type: "emptying" }
  /** S-10, S-13: the head is written anew. */
  | { readonly type: "repairing"; readonly head: Head | null; readonly records: readonly RemoteRecord[] }
  /** One local transaction makes the next attempt durable; `deletion`: the one that deletes the dataset (S-11). */
  | { readonly type: "planning"; readonly deletion: boolean }
  /** `first`: nothing of it was sent before. */
  | { readonly type: "sending"; readonly attempt: Attempt; readonly first: boolean }
  /** One local transaction: bases := sent values; and, unless `last`, the next attempt. */
  | { readonly type: "acknowledging"; readonly attempt: Attempt; readonly last: boolean }
  /** S-5: a repeat was refused; whether the head still is at its base says that nothing was applied. */
  | { readonly type: "checking"; readonly attempt: Attempt; readonly refusal: Refusal }
  /** One local transaction ends an attempt of which nothing was applied; the records at fault are held back. */
  | { readonly type: "ending"; readonly attempt: Attempt; readonly atFault: Faults; readonly next: AfterEnding }
  /** S-11: what lies under the floor is taken out of the table. */
  | { readonly type: "sweeping"; readonly head: Head }
  | { readonly type: "waiting"; readonly ms: number; readonly failed: boolean; readonly next: Exclude<Stage, Ended> }
  | Ended;

type Ended = { readonly type: "done"; readonly stopped: Stopped | null };

/** Why the run could not go on; `blocked`: until somebody acts. */
export interface Stopped {
  readonly error: SyncErrorInfo;
  readonly blocked: boolean;
}

/** Keys of items that are no versions, with what is wrong with each. */
export type DamagedKeys = ReadonlyMap<string, SyncErrorInfo>;

/** Records that the cloud refuses for good, with the reason. */
export type Faults = ReadonlyMap<RecordKey, SyncErrorInfo>;

export interface Refusal {
  readonly type: "invalid" | "blocked";
  readonly error: SyncErrorInfo;
  /** The records at fault, where the answer names them. */
  readonly keys: readonly RecordKey[];
}

/** After an attempt was ended: on with what a pull leads to, another attempt, or the end. */
export type AfterEnding =
  { readonly type: "pulled" } | { readonly type: "planning" } | { readonly type: "done"; readonly stopped: Stopped };

/** What the run remembers from stage to stage. */
export interface Course {
  /** All that was here when it began or since was proved to be what the cloud holds. */
  readonly verified: boolean;
  /** Requests that failed in a row. */
  readonly failures: number;
  /** Reads that did not add up, in a row. */
  readonly unverified: number;
  /** Commits that were refused in a row, without one of this replica's own between. */
  readonly refusals: number;
  /** Records of the next attempt at most; smaller while a refused one is being singled out. */
  readonly recordsMax: number;
  /** Commits that this run may still make: others must have their turn. null: not counted yet. */
  readonly commitsLeft: number | null;
  /** S-18: commits since others were let in; until when another writer counts as being at work, in ms since 1970. */
  readonly commitsInTurn: number;
  readonly othersUntil: number;
  /** As it was read last. */
  readonly head: Head | null;
  /** S-11: whether the dataset is still to be deleted. */
  readonly deletes: boolean;
}

export interface Run {
  readonly stage: Stage;
  readonly course: Course;
}

/** What the loop found when it had done what the stage asks for. */
export type SyncEvent =
  | {
      readonly type: "read";
      readonly head: Head | null;
      /** Of a comparison: the head as it was before the listing. */
      readonly headBefore: Head | null;
      readonly records: readonly RemoteRecord[];
      readonly damaged: DamagedKeys;
    }
  | Adopted
  | { readonly type: "unverified" }
  /** An attempt is durable; `first`: it was never sent. */
  | { readonly type: "planned"; readonly attempt: Attempt; readonly first: boolean }
  /** There is nothing to send, or nothing to delete. */
  | { readonly type: "nothing" }
  /** Nothing can be planned before the dataset was pulled. */
  | { readonly type: "unready" }
  | { readonly type: "committed" }
  /** The head is not the attempt's base. */
  | { readonly type: "stale" }
  /** The head is, but a record is not what its base says. */
  | { readonly type: "recordRefused" }
  /** It may have been applied. */
  | { readonly type: "unclear"; readonly error: SyncErrorInfo }
  /** Nothing was applied by this request, and a repeat would fail as well. */
  | { readonly type: "refused"; readonly refusal: Refusal }
  /** What the stage asks for is done; `ok` false: it could not be, and nothing is lost by that. */
  | { readonly type: "finished"; readonly ok: boolean }
  | { readonly type: "failed"; readonly error: SyncErrorInfo };

export interface Adopted {
  readonly type: "adopted";
  readonly pulled: number;
  readonly merged: number;
  readonly conflicts: readonly ConflictRecord[];
  readonly repaired: readonly RecordKey[];
  /** The deletion that was under way has landed. */
  readonly deleted: boolean;
}

/** What a transition may know beside run and event. */
export interface Facts {
  /** Of the replica, after the event. */
  readonly replica: ReplicaState;
  readonly replicaId: ReplicaId;
  /** For messages. */
  readonly dataset: string;
  /** Records that may go up. */
  readonly outbox: number;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: number;
  /** 0 ≤ x < 1, for jitter. */
  readonly chance: number;
  readonly online: boolean;
}
