// ReplicaState ↔ the stored row of a dataset. It is stored as it is; what is read is parsed.
import {
  damaged,
  isCommitId,
  isRecordKey,
  isReplicaId,
  isSyncCount,
  parseDatasetName,
  parseDigest,
  parseStoredValue,
  parseSyncCount,
  emptyReplica,
  type Attempt,
  type Checkpoint,
  type CommitId,
  type DatasetName,
  type Deletion,
  type ReplicaState,
  type SentRecord,
  type SyncCount,
  type Writers,
} from "@holdfast/core";
import { parseNumber, parseObject } from "./row.ts";

/** A dataset without a row has the empty state. @throws SyncError `internal` where the row is damaged */
export function parseReplicaState(input: unknown): { readonly dataset: DatasetName; readonly state: ReplicaState } {
  const row = parseObject(input);
  const dataset = parseDatasetName(row["d"]);
  if (row["nextOrder"] === undefined) return { dataset, state: emptyReplica };
  return {
    dataset,
    state: {
      checkpoint: row["checkpoint"] === null ? null : parseCheckpoint(row["checkpoint"]),
      attempt: row["attempt"] === null ? null : parseAttempt(row["attempt"]),
      lastLanded: row["lastLanded"] === null ? null : parseCommit(row["lastLanded"]),
      nextOrder: parseNumber(row["nextOrder"]),
      lastSyncedAt: row["lastSyncedAt"] === null ? null : parseNumber(row["lastSyncedAt"]),
    },
  };
}

function parseCheckpoint(input: unknown): Checkpoint {
  const row = parseObject(input);
  return {
    syncCount: parseSyncCount(row["syncCount"]),
    commit: row["commit"] === null ? null : parseCommit(row["commit"]),
    digest: parseDigest(row["digest"]),
    recordCount: parseNumber(row["recordCount"]),
    floor: parseSyncCount(row["floor"]),
    lineage: row["lineage"] === null ? null : parseText(row["lineage"]),
    writers: parseWriters(row["writers"]),
    committedAt: parseNumber(row["committedAt"]),
  };
}

function parseAttempt(input: unknown): Attempt {
  const row = parseObject(input);
  const base = parseObject(row["base"]);
  const { writer } = row;
  if (!isReplicaId(writer) || !Array.isArray(row["records"])) throw damaged("an attempt without its writer or records");
  return {
    commit: parseCommit(row["commit"]),
    writer,
    base: {
      syncCount: parseSyncCount(base["syncCount"]),
      commit: base["commit"] === null ? null : parseCommit(base["commit"]),
    },
    records: row["records"].map(parseSentRecord),
    digest: parseDigest(row["digest"]),
    recordCount: parseNumber(row["recordCount"]),
    floor: parseSyncCount(row["floor"]),
    lineage: parseText(row["lineage"]),
    writers: parseWriters(row["writers"]),
    committedAt: parseNumber(row["committedAt"]),
    deletion: row["deletion"] === null ? null : parseDeletion(row["deletion"]),
  };
}

function parseDeletion(input: unknown): Deletion {
  const { dropped } = parseObject(input);
  if (!Array.isArray(dropped)) throw damaged("a deletion without the edits that go with it");
  return {
    dropped: dropped.map((entry: unknown) => {
      const { key, order, modifiedAt } = parseObject(entry);
      if (!isRecordKey(key)) throw damaged("a deletion with an edit that has no key");
      return { key, order: parseNumber(order), modifiedAt: parseNumber(modifiedAt) };
    }),
  };
}

function parseSentRecord(input: unknown): SentRecord {
  const row = parseObject(input);
  const { key } = row;
  if (!isRecordKey(key)) throw damaged("an attempt with a record that has no key");
  return {
    key,
    value: row["value"] === undefined ? undefined : parseStoredValue(row["value"]),
    modifiedAt: parseNumber(row["modifiedAt"]),
    schema: parseNumber(row["schema"]),
    base: row["base"] === null ? null : parseBase(row["base"]),
  };
}

function parseBase(input: unknown): { readonly syncCount: SyncCount; readonly commit: CommitId } {
  const { syncCount, commit } = parseObject(input);
  if (!isSyncCount(syncCount)) throw damaged("a base without its sync count");
  return { syncCount, commit: parseCommit(commit) };
}

function parseWriters(input: unknown): Writers {
  if (!Array.isArray(input)) throw damaged("a checkpoint without its writers");
  return input.map((entry: unknown) => {
    if (!Array.isArray(entry) || !isReplicaId(entry[0])) throw damaged("a writer without its replica id");
    return [entry[0], parseCommit(entry[1])] as const;
  });
}

function parseCommit(input: unknown): CommitId {
  if (isCommitId(input)) return input;
  throw damaged("a commit id was expected");
}

function parseText(input: unknown): string {
  if (typeof input === "string") return input;
  throw damaged("a text was expected");
}
