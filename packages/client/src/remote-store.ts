// PORT: the cloud's copy of one identity's datasets, in the words of the sync rules. Each method is one request (a paged
// read: one for each page). An implementation sends a request once and never repeats it by itself: what a repeat means
// is decided by the loop (S-5). Every implementation runs the contract suite.
import type {
  Attempt,
  DatasetName,
  Head,
  JsonValue,
  RecordKey,
  RemoteRecord,
  SyncCount,
  SyncError,
} from "@holdfast/core";

/** What a request cost. Units are DynamoDB's capacity units, as the cloud reports them. */
export interface Cost {
  readonly requests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}

/** An item that is not even a version (its count or commit can't be read): it counts for nothing and is only reported. */
export interface DamagedItem {
  /** The record's key, or the item's path where it has none. */
  readonly key: string;
  readonly error: SyncError;
}

export interface Page {
  readonly records: readonly RemoteRecord[];
  readonly damaged: readonly DamagedItem[];
  /** The head, where this page holds it. */
  readonly head: Head | null;
  /** Opaque; null: this was the last page. */
  readonly cursor: unknown;
  readonly cost: Cost;
}

export interface PageRequest {
  readonly dataset: DatasetName;
  readonly cursor: unknown;
  readonly signal: AbortSignal;
}

/** What a commit's answer teaches (S-14). */
export type CommitOutcome =
  | { readonly type: "committed"; readonly cost: Cost }
  /** The head is not the attempt's base: pull. */
  | { readonly type: "stale"; readonly cost: Cost }
  /** The head is, but a record is not what its base says: compare the whole dataset (S-9). */
  | { readonly type: "record-refused"; readonly cost: Cost }
  /** Nothing is known; it may have been applied. Repeat it byte for byte. */
  | { readonly type: "unclear"; readonly error: SyncError; readonly cost: Cost }
  /** Nothing was applied, and a repeat would fail as well. `keys`: the records at fault, where the answer names them. */
  | {
      readonly type: "invalid";
      readonly error: SyncError;
      readonly keys: readonly RecordKey[];
      readonly cost: Cost;
    }
  /** Nothing was applied; this dataset can't go on until somebody acts. */
  | { readonly type: "blocked"; readonly error: SyncError; readonly cost: Cost };

export interface DatasetHead {
  readonly dataset: DatasetName;
  /** null: the item can't be read. */
  readonly head: Head | null;
}

export interface RemoteStore {
  /** S-7: what changed since the checkpoint, in order, and always the head. Strongly consistent. */
  pullPage(request: PageRequest & { readonly since: SyncCount }): Promise<Page>;
  /** S-9: the dataset's records by key, without the head. Strongly consistent. */
  listPage(request: PageRequest): Promise<Page>;
  readHead(request: { readonly dataset: DatasetName; readonly signal: AbortSignal }): Promise<Page>;
  /** The heads of all datasets of the identity, one page. */
  headsPage(request: { readonly cursor: unknown; readonly signal: AbortSignal }): Promise<{
    readonly heads: readonly DatasetHead[];
    readonly cursor: unknown;
    readonly cost: Cost;
  }>;
  /** S-2. Rejects only where it was aborted. */
  commit(request: {
    readonly dataset: DatasetName;
    readonly attempt: Attempt;
    readonly signal: AbortSignal;
  }): Promise<CommitOutcome>;
  /** S-11: takes records at or under the floor out of the table, a page of them; `done`: there are no more. */
  sweepPage(request: {
    readonly dataset: DatasetName;
    readonly floor: SyncCount;
    readonly signal: AbortSignal;
  }): Promise<{ readonly done: boolean; readonly cost: Cost }>;
  /** S-11: notes in the head that all is swept, unless the head has moved on. */
  markSwept(request: {
    readonly dataset: DatasetName;
    readonly head: Head;
    readonly signal: AbortSignal;
  }): Promise<Cost>;
  /** Reads a kept item again (S-19); null where it still can't be read. */
  rereadItem(item: JsonValue): RemoteRecord | null;
}
