// A dataset's head as an item of the table.
import { parseDigest, type Digest } from "../digest.ts";
import { isCommitId, isReplicaId, isSyncCount, type CommitId, type DatasetName, type ReplicaId } from "../ids.ts";
import { formatVersion } from "../limits.ts";
import type { Head } from "../replica.ts";
import { SyncError } from "../sync-error.ts";
import { isObject, readBoolean, readInteger, readText, type WireItem } from "./attribute-value.ts";

/**
 * @throws SyncError `format-too-new` or `internal` where it can't be read. (It must not pass for absent: a missing head
 * means that the cloud went back, S-12.)
 */
export function itemToHead(item: WireItem, dataset: DatasetName): Head {
  const syncCount = readInteger(item, "syncCount");
  const commit = readText(item, "commit");
  const changed = readInteger(item, "changed");
  const digest = readDigest(item);
  const recordCount = readInteger(item, "recordCount");
  const floor = readInteger(item, "floor");
  const deleted = readBoolean(item, "deleted");
  // Nothing is decided by it but whether somebody looks for remains once more.
  const swept = readBoolean(item, "swept") ?? false;
  const lineage = readText(item, "lineage");
  const writers = readWriters(item);
  const committedAt = readInteger(item, "committedAt");
  const format = readInteger(item, "format");
  if (!isSyncCount(syncCount) || !isCommitId(commit) || !isSyncCount(floor)) throw unreadable(dataset, format);
  if (changed === undefined || digest === undefined || recordCount === undefined) throw unreadable(dataset, format);
  if (deleted === undefined || lineage === undefined || writers === undefined) throw unreadable(dataset, format);
  if (committedAt === undefined || format === undefined) throw unreadable(dataset, format);
  return {
    ...{ syncCount, commit, changed, digest, recordCount, floor },
    ...{ deleted, swept, lineage, writers, committedAt, format },
  };
}

function readDigest(item: WireItem): Digest | undefined {
  try {
    return parseDigest(readText(item, "digest"));
  } catch {
    return undefined;
  }
}

function readWriters(item: WireItem): ReadonlyMap<ReplicaId, CommitId> | undefined {
  const attribute = item["writers"];
  if (!isObject(attribute) || !isObject(attribute["M"])) return undefined;
  const members = attribute["M"];
  const writers = new Map<ReplicaId, CommitId>();
  for (const replica of Object.keys(members)) {
    const commit = readText(members, replica);
    if (!isReplicaId(replica) || !isCommitId(commit)) return undefined;
    writers.set(replica, commit);
  }
  return writers;
}

function unreadable(dataset: DatasetName, format: number | undefined): SyncError {
  if (format !== undefined && format > formatVersion) {
    return new SyncError({
      code: "format-too-new",
      message: `The dataset "${dataset}" was written by a newer version of this app (format ${format}, this one knows ${formatVersion}). Update the app.`,
      dataset,
    });
  }
  return new SyncError({
    code: "internal",
    message: `The head of the dataset "${dataset}" in the table is damaged: something wrote to it without Holdfast's rules. Delete the item, the next sync makes it anew from the records.`,
    dataset,
  });
}
