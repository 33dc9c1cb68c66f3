// Brings the records of one vault into another: what was written before anybody was known, or as a guest, becomes the
// user's. Each record is a pending edit without a base: equal values are no conflict, else both are merged, and the loser
// is kept. Running it again changes nothing, so a crash in the middle only means that it is run again.
import {
  conflictOf,
  editRecord,
  mergeRecords,
  type ConflictRecord,
  type DatasetName,
  type LocalRecord,
  type RecordKey,
} from "@holdfast/core";
import type { IdentityVault } from "./identity-vault.ts";
import type { Vault, View } from "./local-store.ts";
import type { OpenDataset } from "./open-dataset.ts";

/** Returns how many conflicts were decided. */
export async function adoptRecords(from: Vault, to: IdentityVault, now: () => number): Promise<number> {
  let conflicts = 0;
  for (const { dataset } of await from.summaries()) {
    conflicts += await adoptDataset(from, dataset, to.dataset(dataset), now());
  }
  return conflicts;
}

async function adoptDataset(from: Vault, name: DatasetName, to: OpenDataset, now: number): Promise<number> {
  const { records } = await from.read(name, { type: "all" });
  const incoming = [...records.values()].filter(({ value }) => value !== undefined);
  const keys = incoming.map(({ key }) => key);
  return to.replica.transact("here", { type: "keys", keys }, (view) => {
    const { changed, conflicts, nextOrder } = mergeIncoming(view, incoming, to, now);
    const change = { state: { ...view.state, nextOrder }, records: changed, conflicts };
    return { change: changed.size === 0 ? {} : change, result: conflicts.length };
  });
}

function mergeIncoming(view: View, incoming: readonly LocalRecord[], to: OpenDataset, now: number) {
  const changed = new Map<RecordKey, LocalRecord | null>();
  const conflicts: ConflictRecord[] = [];
  const inAttempt = new Set(view.state.attempt?.records.map(({ key }) => key));
  let { nextOrder } = view.state;
  for (const record of incoming) {
    const { key, schema } = record;
    const current = view.records.get(key);
    // What can't be read here is never overwritten; the other vault keeps its copy.
    if (current?.base?.content.type === "unreadable") continue;
    const outcome = mergeRecords({
      key,
      base: undefined,
      local: record.value,
      remote: current?.value,
      localModifiedAt: record.modifiedAt,
      remoteModifiedAt: current?.modifiedAt ?? 0,
      resolver: to.declaration.resolver,
    });
    const isNew = current?.value === undefined;
    const value = isNew || outcome.type === "asked" ? (isNew ? record.value : current.value) : outcome.value;
    if (!isNew && outcome.type !== "clean") {
      const ending = { kind: "guest-merge", result: value, reason: outcome.reason, merge: outcome.conflict } as const;
      conflicts.push(conflictOf(current, current.base, { dataset: to.name, now }, ending));
    }
    const edit = editRecord(
      current,
      { key, value, now: record.modifiedAt, schema, order: nextOrder },
      inAttempt.has(key),
    );
    if (edit.type === "unchanged") continue;
    changed.set(key, edit.record);
    nextOrder += 1;
  }
  return { changed, conflicts, nextOrder };
}
