// S-19: what an older version of the app could not read, and this one can, needs no new pull.
import {
  isOutdated,
  isSameVersion,
  rebaseRecord,
  type AnyResolver,
  type ConflictRecord,
  type JsonValue,
  type LocalRecord,
  type Pending,
  type RebaseContext,
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
  readonly values: Pick<RebaseContext, "version" | "upgrade" | "isValid">;
  readonly now: () => number;
}): Promise<void> {
  const { replica, remote, resolver, values, now } = context;
  const version = values.version ?? Infinity;
  const readable = ({ base }: LocalRecord): RemoteRecord | null => {
    const read = base?.content.type === "unreadable" ? remote.rereadItem(base.content.item) : null;
    return isSameVersion(read, base) ? read : null;
  };
  const isKnownNow = (record: LocalRecord): boolean => isOutdated(record) && (record.base?.schema ?? 0) <= version;
  if (![...replica.attention.values()].some((record) => readable(record) || isKnownNow(record))) return;
  await replica.transact("cloud", { type: "attention" }, ({ records }) => {
    const changed = new Map<RecordKey, LocalRecord | null>();
    const conflicts: ConflictRecord[] = [];
    const at = { dataset: replica.name, resolver, now: now(), ...values };
    for (const [key, record] of records) {
      const read = readable(record) ?? (isKnownNow(record) ? record.base : null);
      if (!read) continue;
      // What an outdated edit was built on is gone: the two meet without a base.
      const current = isKnownNow(record) ? { ...record, base: null, pending: reoffered(record) } : record;
      const rebased = rebaseRecord(key, current, read, at);
      changed.set(key, rebased.record);
      if (rebased.conflict) conflicts.push(rebased.conflict);
    }
    return { change: { records: changed, conflicts }, result: undefined };
  });
}

const reoffered = ({ pending }: LocalRecord): Pending => ({ order: pending?.order ?? 0, again: "reoffered" });
