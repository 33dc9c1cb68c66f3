// What one local transaction reads of a replica, and what it writes. Decisions are functions from the one to the other,
// called inside the transaction: reading, deciding and writing are one, and nothing is awaited between.
import type { ConflictRecord } from "./conflict.ts";
import type { RecordKey } from "./ids.ts";
import type { LocalRecord } from "./record.ts";
import type { ReplicaState } from "./replica.ts";

/** Which records a transaction reads. */
export type Selection =
  | { readonly type: "keys"; readonly keys: readonly RecordKey[] }
  /** The first `limit` records that may go up, oldest mutation first, and those of `keys`. */
  | { readonly type: "outbox"; readonly limit: number; readonly keys: readonly RecordKey[] }
  /** What is held back (conflict, rejected) or can't be read. */
  | { readonly type: "attention" }
  | { readonly type: "all" };

export interface View {
  readonly state: ReplicaState;
  readonly records: ReadonlyMap<RecordKey, LocalRecord>;
  /** Keys whose stored row can't be parsed. */
  readonly damaged: readonly RecordKey[];
}

/** What a decision wants written. Everything is optional; nothing listed means nothing written. */
export interface Change {
  readonly state?: ReplicaState | undefined;
  /** null removes. Writing over a damaged row keeps the damaged one aside. */
  readonly records?: ReadonlyMap<RecordKey, LocalRecord | null> | undefined;
  readonly conflicts?: readonly ConflictRecord[] | undefined;
  readonly removedConflicts?: readonly string[] | undefined;
}

/** The records as they are after the change. */
export function recordsAfter(
  records: ReadonlyMap<RecordKey, LocalRecord>,
  changed: ReadonlyMap<RecordKey, LocalRecord | null>,
): ReadonlyMap<RecordKey, LocalRecord> {
  const after = new Map(records);
  for (const [key, record] of changed) {
    if (record) after.set(key, record);
    else after.delete(key);
  }
  return after;
}
