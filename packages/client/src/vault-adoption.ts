// Moves the records of one vault to another: what was written before anybody was known, or as a guest, becomes the
// user's. Each record is a pending edit without a base: equal values are no conflict, else both are merged, and the loser
// is kept. Two databases share no transaction, so each dataset is copied first and taken away after; running it again
// changes nothing. What another tab writes into the old vault meanwhile stays there for the next run.
import {
  conflictOf,
  editGroup,
  groupsOf,
  jsonEquals,
  mergeRecords,
  recordsAfter,
  type ConflictRecord,
  type DatasetName,
  type Edit,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type View,
} from "@holdfast/core";
import type { IdentityVault } from "./identity-vault.ts";
import type { Vault } from "./local-store.ts";
import type { OpenDataset } from "./open-dataset.ts";

/** Returns how many conflicts were decided. */
export async function moveRecords(from: Vault, to: IdentityVault, now: () => number): Promise<number> {
  let conflicts = 0;
  for (const { dataset } of await from.summaries()) {
    conflicts += await moveDataset(from, dataset, to.storedDataset(dataset), now());
  }
  return conflicts;
}

async function moveDataset(from: Vault, name: DatasetName, to: OpenDataset, now: number): Promise<number> {
  const { records } = await from.read(name, { type: "all" });
  const incoming = [...records.values()].filter(({ value }) => value !== undefined);
  if (records.size === 0) return 0;
  const { conflicts, copied } = await copyRecords(incoming, to, now);
  // A removal in the old vault means nothing to the new one.
  const done = [...copied, ...[...records.values()].filter(({ value }) => value === undefined)];
  await from.transact(name, { type: "keys", keys: done.map(({ key }) => key) }, (view) => {
    const gone = done.filter(({ key, value }) => jsonEquals(view.records.get(key)?.value, value));
    return { change: { records: new Map(gone.map(({ key }) => [key, null])) }, result: undefined };
  });
  return conflicts;
}

interface Copied {
  readonly conflicts: number;
  readonly copied: readonly LocalRecord[];
}

function copyRecords(incoming: readonly LocalRecord[], to: OpenDataset, now: number): Promise<Copied> {
  const keys = incoming.map(({ key }) => key);
  return to.replica.transact("here", { type: "keys", keys }, (view) => {
    const { changed, conflicts, copied, nextOrder } = mergeIncoming(view, incoming, to, now);
    const change = { state: { ...view.state, nextOrder }, records: changed, conflicts };
    return { change: changed.size === 0 ? {} : change, result: { conflicts: conflicts.length, copied } };
  });
}

function mergeIncoming(view: View, incoming: readonly LocalRecord[], to: OpenDataset, now: number) {
  const conflicts: ConflictRecord[] = [];
  const copied: LocalRecord[] = [];
  const sent = new Set(view.state.attempt?.records.map(({ key }) => key));
  let { nextOrder } = view.state;
  const changed = new Map<RecordKey, LocalRecord | null>();
  for (const together of byGroup(incoming)) {
    const edits: Edit[] = [];
    for (const record of together) {
      const { key, schema } = record;
      const current = view.records.get(key);
      // What can't be read here is never overwritten; the other vault keeps its copy.
      if (current?.base?.content.type === "unreadable" || (current?.schema ?? 0) > to.declaration.version) continue;
      copied.push(record);
      const { value, conflict } = meet(record, current, to, now);
      if (conflict) conflicts.push(conflict);
      edits.push({ key, value, now: record.modifiedAt, schema, order: nextOrder });
    }
    const written = editGroup(recordsAfter(view.records, changed), edits, sent);
    for (const [key, record] of written) changed.set(key, record);
    if (written.size > 0) nextOrder += 1;
  }
  return { changed, conflicts, copied, nextOrder };
}

/** What was written in one transaction and has not gone up stays together (S-16). */
function byGroup(records: readonly LocalRecord[]): readonly (readonly LocalRecord[])[] {
  const groups = new Map<number, LocalRecord[]>();
  const single: (readonly LocalRecord[])[] = [];
  for (const record of records) {
    const place = groupsOf(record).at(-1);
    const group = place === undefined ? undefined : groups.get(place);
    if (group) group.push(record);
    else if (place === undefined) single.push([record]);
    else groups.set(place, [record]);
  }
  return [...single, ...groups.values()];
}

/** The value that a record has when both are one, and what is told of it. */
function meet(
  record: LocalRecord,
  current: LocalRecord | undefined,
  to: OpenDataset,
  now: number,
): { readonly value: JsonValue | undefined; readonly conflict: ConflictRecord | null } {
  if (current?.value === undefined) return { value: record.value, conflict: null };
  const outcome = mergeRecords({
    key: record.key,
    base: undefined,
    local: record.value,
    remote: current.value,
    localModifiedAt: record.modifiedAt,
    remoteModifiedAt: current.modifiedAt,
    resolver: to.declaration.resolver,
  });
  const value = outcome.type === "asked" ? current.value : outcome.value;
  if (outcome.type === "clean") return { value, conflict: null };
  const ending = {
    kind: "guest-merge",
    result: value,
    reason: outcome.reason,
    merge: outcome.conflict,
    mark: record.modifiedAt,
  } as const;
  return { value, conflict: conflictOf(current, current.base, { dataset: to.name, now }, ending) };
}
