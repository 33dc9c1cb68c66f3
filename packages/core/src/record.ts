// A record in its three forms: base (the last version that this replica and the cloud agreed on), local (ours, with what
// is pending), remote (as pulled).
import type { CommitId, RecordKey, SyncCount } from "./ids.ts";
import type { JsonValue } from "./json-value.ts";
import type { SyncErrorInfo } from "./sync-error.ts";

/** What a version holds. Unreadable: of a newer format, or damaged; kept as it is and never overwritten (S-19). */
export type Content =
  | { readonly type: "live"; readonly value: JsonValue }
  | { readonly type: "removed" }
  | { readonly type: "unreadable"; readonly error: SyncErrorInfo; readonly item: JsonValue };

/** One version in the cloud; (key, commit) names its content (S-1). */
export interface Version {
  readonly syncCount: SyncCount;
  readonly commit: CommitId;
  /** Milliseconds since 1970, skew-corrected (S-17). */
  readonly modifiedAt: number;
  /** The dataset's declared version when it was written. */
  readonly schema: number;
  readonly content: Content;
}

export interface RemoteRecord extends Version {
  readonly key: RecordKey;
}

/** Why a pending record is not pushed: a person must decide a conflict, or the cloud refused it for good. */
export type Hold =
  /** `base`: the value that both sides started from, for another merge when the cloud changes again. */
  | { readonly type: "conflict"; readonly id: string; readonly base: JsonValue | undefined }
  | { readonly type: "rejected"; readonly id: string; readonly error: SyncErrorInfo; readonly at: number }
  /** S-16: the record `key` of its group is held back, or waits for another version of the app. */
  | { readonly type: "group"; readonly key: RecordKey };

/** S-4: why, and in which order, a record waits to be pushed. */
export interface Pending {
  /** Place in the outbox: pending mutations go up oldest first. */
  readonly order: number;
  /** Pending even where local equals base: it was sent and may not have landed ("sent"), or has no base any more ("reoffered"). */
  readonly again: "sent" | "reoffered" | null;
  /** S-16: it was written in a transaction, and goes up with all that has the same place. Absent: by itself. */
  readonly group?: Group | undefined;
}

export interface Group {
  /** Oldest first: what the record was in earlier groups that go up before this one, as they would not fit into one. */
  readonly sealed: readonly Layer[];
}

/** S-16: one of the values that a record takes in turn, each with its own group. */
export interface Layer {
  readonly order: number;
  readonly value: JsonValue | undefined;
  readonly modifiedAt: number;
  readonly schema: number;
}

export interface LocalRecord {
  readonly key: RecordKey;
  /** null: the cloud has none that counts (never had, a tombstone, or one under the floor). */
  readonly base: Version | null;
  /** undefined: absent. */
  readonly value: JsonValue | undefined;
  readonly modifiedAt: number;
  readonly schema: number;
  readonly pending: Pending | null;
  readonly hold: Hold | null;
}

export const versionValue = (version: Version | null): JsonValue | undefined =>
  version?.content.type === "live" ? version.content.value : undefined;

/** Whether a version counts in digest and record count: anything but a tombstone. */
export const isCounted = (version: Version | null): version is Version =>
  version !== null && version.content.type !== "removed";

export const isSameVersion = (a: Version | null, b: Version | null): boolean =>
  a === b || (a !== null && b !== null && a.syncCount === b.syncCount && a.commit === b.commit);

/** A pending edit whose base has meanwhile been written by a newer version of the app: it waits for that version. */
export const isOutdated = ({ pending, base, schema }: LocalRecord): boolean =>
  pending !== null && base !== null && base.schema > schema;

/** Whether the record may go up now. What cannot be read is never overwritten (S-19). */
export const isSendable = (record: LocalRecord): boolean =>
  record.pending !== null && record.hold === null && !waitsForAnother(record);

/** Whether something about the record, or about its group, waits for a person, or for another version of the app. */
export const needsAttention = (record: LocalRecord): boolean => record.hold !== null || waitsForAnother(record);

/** S-19: whether the record waits for a version of the app that can read what lies beneath it. */
export const waitsForAnother = (record: LocalRecord): boolean =>
  record.base?.content.type === "unreadable" || isOutdated(record);

/** Local equals base; null: nothing is kept of what does not exist. */
export function settledRecord(key: RecordKey, base: Version | null): LocalRecord | null {
  if (!isCounted(base)) return null;
  const { modifiedAt, schema } = base;
  return { key, base, value: versionValue(base), modifiedAt, schema, pending: null, hold: null };
}
