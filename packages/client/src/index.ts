export type * from "./api.ts";
export { createSyncClient, type SyncClientOptions } from "./create-sync-client.ts";
export { defineDataset } from "./define-dataset.ts";
export {
  askUser,
  byPath,
  counter,
  highest,
  isSyncError,
  listById,
  localWins,
  lowest,
  newestWins,
  remoteWins,
  SyncError,
  text,
  unionSet,
  type AnyResolver,
  type Conflict,
  type ConflictRecord,
  type JsonPointer,
  type JsonValue,
  type Patch,
  type PathPolicy,
  type Resolution,
  type Resolver,
  type SyncErrorCode,
  type SyncErrorInfo,
} from "@holdfast/core";
