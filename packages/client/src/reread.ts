// S-19: what an older version of the app could not read, and this one can, needs no new pull.
import {
  isSameVersion,
  rebaseRecord,
  type AnyResolver,
  type ConflictRecord,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type RemoteRecord,
  type Resolver,
} from "@holdfast/core";
import type { DatasetReplica } from "./dataset-replica.ts";
import type { RemoteStore } from "./remote-store.ts";

export async function rereadUnreadable(context: {
  readonly replica: DatasetReplica;
  readonly remote: RemoteStore;
  readonly resolver: Resolver<JsonValue> | AnyResolver | undefined;
  readonly now: () => number;
}): Promise<void> {
  const { replica, remote, resolver, now } = context;
  const readable = ({ base }: LocalRecord): RemoteRecord | null => {
    const read = base?.content.type === "unreadable" ? remote.rereadItem(base.content.item) : null;
    return isSameVersion(read, base) ? read : null;
  };
  if (![...replica.attention.values()].some(readable)) return;
  await replica.transact("cloud", { type: "attention" }, ({ records }) => {
    const changed = new Map<RecordKey, LocalRecord | null>();
    const conflicts: ConflictRecord[] = [];
    for (const [key, record] of records) {
      const read = readable(record);
      if (!read) continue;
      const rebased = rebaseRecord(key, record, read, { dataset: replica.name, resolver, now: now() });
      changed.set(key, rebased.record);
      if (rebased.conflict) conflicts.push(rebased.conflict);
    }
    return { change: { records: changed, conflicts }, result: undefined };
  });
}
