// What one local transaction reads of a replica, and what it writes. Decisions are functions from the one to the other,
// called inside the transaction: reading, deciding and writing are one, and nothing is awaited between.
import type { ConflictRecord } from "./conflict.ts";
import type { RecordKey } from "./ids.ts";
import { groupsOf } from "./layers.ts";
import type { LocalRecord } from "./record.ts";
import type { ReplicaState } from "./replica.ts";

/** Which records a transaction reads. */
export type Selection =
  /** `groups`: of each of them also its newest group (S-16), or, by default, all groups that hang together with it. */
  | { readonly type: "keys"; readonly keys: readonly RecordKey[]; readonly groups?: "none" | "newest" | "all" }
  /**
   * The first `limit` records that may go up, oldest mutation first, with the rest of the last one's group; and those of
   * `keys`, with what would go up together with what of them comes next.
   */
  | { readonly type: "outbox"; readonly limit: number; readonly keys: readonly RecordKey[] }
  /** What is held back (conflict, rejected, by its group) or can't be read, with all groups of it. */
  | { readonly type: "attention" }
  | { readonly type: "all" };

export interface View {
  readonly state: ReplicaState;
  readonly records: ReadonlyMap<RecordKey, LocalRecord>;
  /** Keys whose stored row can't be parsed. */
  readonly damaged: readonly RecordKey[];
  /** All that may go up is here up to this place in the outbox; 0: that was not asked for. */
  readonly horizon: number;
  /** Of each record's groups (S-16) all records are here. */
  readonly isClosed: boolean;
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

/** S-16: places of the groups that a selection asks for beside the records that were read for it. */
export function placesToRead(selection: Selection, records: Iterable<LocalRecord>): ReadonlySet<number> {
  const places = new Set<number>();
  for (const record of records) for (const place of placesOf(selection, record)) places.add(place);
  return places;
}

function placesOf(selection: Selection, record: LocalRecord): readonly number[] {
  switch (selection.type) {
    case "all":
      return [];
    case "outbox":
      return selection.keys.includes(record.key) ? groupsOf(record).slice(1, 2) : [];
    case "attention":
      return groupsOf(record);
    case "keys":
      switch (selection.groups ?? "all") {
        case "none":
          return [];
        case "newest":
          return groupsOf(record).slice(-1);
        case "all":
          return groupsOf(record);
      }
  }
}

/** Whether what was read for further groups hangs together with others that the selection asks for as well. */
export const asksForAllGroups = (selection: Selection): boolean =>
  selection.type === "attention" || (selection.type === "keys" && (selection.groups ?? "all") === "all");

/** Whether all groups of each record in the view are here. */
export const isClosedUnder = (selection: Selection): boolean => selection.type === "all" || asksForAllGroups(selection);
