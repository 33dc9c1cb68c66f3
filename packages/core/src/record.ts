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
  | { readonly type: "rejected"; readonly id: string; readonly error: SyncErrorInfo; readonly at: number };

/** S-4: why, and in which order, a record waits to be pushed. */
export interface Pending {
  /** Place in the outbox: pending mutations go up oldest first. */
  readonly order: number;
  /** Pending even where local equals base: it was sent and may not have landed ("sent"), or has no base any more ("reoffered"). */
  readonly again: "sent" | "reoffered" | null;
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
  record.pending !== null && record.hold === null && record.base?.content.type !== "unreadable" && !isOutdated(record);

/** Whether something about the record waits for a person, or for another version of the app. */
export const needsAttention = (record: LocalRecord): boolean =>
  record.hold !== null || record.base?.content.type === "unreadable" || isOutdated(record);

/** What a replica keeps of a record; null where there is nothing to keep. */
export function recordFromVersion(key: RecordKey, version: Version | null): LocalRecord | null {
  if (!isCounted(version)) return null;
  const { modifiedAt, schema } = version;
  return { key, base: version, value: versionValue(version), modifiedAt, schema, pending: null, hold: null };
}
