// PORT: what this device keeps. A vault is one identity's database; each method is one whole transaction. Decisions are
// handed in as synchronous functions, so that reading, deciding and writing are one transaction and nothing else is
// awaited in it. Every implementation runs the contract suite.
import type {
  Change,
  ConflictRecord,
  DatasetName,
  JsonValue,
  LocalRecord,
  ReplicaState,
  Selection,
  View,
} from "@holdfast/core";
import type { LocalStore } from "./api.ts";

export interface RangeRequest {
  readonly prefix?: string | undefined;
  readonly after?: string | undefined;
  readonly limit?: number | undefined;
}

/** A dataset in numbers, and what of it needs attention. */
export interface Summary {
  readonly dataset: DatasetName;
  readonly state: ReplicaState;
  /** Rows, removed records that wait to go up included. */
  readonly records: number;
  /** Records that may go up. */
  readonly outbox: number;
  /** Held back, or unreadable in the cloud's form. */
  readonly attention: readonly LocalRecord[];
}

export interface Vault {
  /** Of every dataset that has a state here. */
  summaries(): Promise<readonly Summary[]>;
  summarize(dataset: DatasetName): Promise<Summary>;
  read(dataset: DatasetName, selection: Selection): Promise<View>;
  /** In key order; absent records are left out of no count: only what has a row is listed. */
  readRange(dataset: DatasetName, range: RangeRequest): Promise<readonly LocalRecord[]>;
  /**
   * Reads, decides, writes: one transaction. What `decide` throws aborts it and is thrown. Resolves after the commit.
   * `decide` may be called a second time, with what is there then; only its last answer is written.
   */
  transact<R>(
    dataset: DatasetName,
    selection: Selection,
    decide: (view: View) => { readonly change: Change; readonly result: R },
  ): Promise<R>;
  conflicts(): Promise<readonly ConflictRecord[]>;
  readMeta(name: string): Promise<JsonValue | undefined>;
  /** Reads, decides, writes one small value. */
  updateMeta(
    name: string,
    decide: (current: JsonValue | undefined) => JsonValue | undefined,
  ): Promise<JsonValue | undefined>;
  /** Called when the database is lost or closed from outside (another tab upgrades it, the browser deletes it). */
  onLost(listener: (reason: "upgrade" | "closed") => void): void;
  close(): Promise<void>;
}

export interface LocalStoreImplementation extends LocalStore {
  /** Opens (and makes) the database `name`. @throws SyncError `storage-unavailable`, `upgrade-blocked`, `storage-full` */
  open(name: string, options: { readonly durability: "relaxed" | "strict" }): Promise<Vault>;
  delete(name: string): Promise<void>;
}
