// A record as an item of the table, and back. What is read was perhaps written by a newer version or by somebody else: it
// is unknown until parsed, and what can't be parsed is kept as it came (S-19).
import { isCommitId, isSyncCount, nextSyncCount, type DatasetName, type IdentityId, type RecordKey } from "../ids.ts";
import { storageForm, type JsonValue } from "../json-value.ts";
import { formatVersion, tombstoneMs } from "../limits.ts";
import type { Content, RemoteRecord } from "../record.ts";
import type { Attempt, SentRecord } from "../replica.ts";
import { SyncError, type SyncErrorInfo } from "../sync-error.ts";
import {
  attributeToValue,
  isObject,
  itemToJson,
  jsonTextToValue,
  readBoolean,
  readInteger,
  readText,
  valueToAttribute,
  type AttributeValue,
  type WireItem,
} from "./attribute-value.ts";
import { parsePath, recordChange, recordPath } from "./table.ts";

/** Where an attempt's records go. */
export interface Place {
  readonly identity: IdentityId;
  readonly dataset: DatasetName;
}

/** The item that an attempt writes for one of its records; always the same for the same attempt (S-5). */
export function recordToItem(sent: SentRecord, attempt: Attempt, place: Place): Record<string, AttributeValue> {
  const syncCount = nextSyncCount(attempt.base.syncCount);
  return {
    identity: { S: place.identity },
    path: { S: recordPath(place.dataset, sent.key) },
    change: { S: recordChange(place.dataset, syncCount) },
    syncCount: { N: String(syncCount) },
    commit: { S: attempt.commit },
    writer: { S: attempt.writer },
    modifiedAt: { N: String(sent.modifiedAt) },
    schema: { N: String(sent.schema) },
    format: { N: String(formatVersion) },
    ...(sent.value === undefined ? tombstone(attempt) : live(sent.value)),
  };
}

function live(value: JsonValue): Record<string, AttributeValue> {
  const held: Record<string, AttributeValue> =
    storageForm(value).form === "json" ? { json: { S: JSON.stringify(value) } } : { value: valueToAttribute(value) };
  return { deleted: { BOOL: false }, ...held };
}

/** DynamoDB's time to live counts seconds since 1970. */
function tombstone(attempt: Attempt): Record<string, AttributeValue> {
  const expiresAt = Math.ceil((attempt.committedAt + tombstoneMs) / 1000);
  return { deleted: { BOOL: true }, expiresAt: { N: String(expiresAt) } };
}

export type ParsedItem =
  | { readonly type: "record"; readonly record: RemoteRecord }
  /** It counts for nothing. `key`: the record's, or the item's path where it has none. */
  | { readonly type: "damaged"; readonly damaged: { readonly key: string; readonly error: SyncError } };

/** Any item under `record/` or in the index that is no head. */
export function itemToRecord(item: WireItem, dataset: DatasetName): ParsedItem {
  const path = readText(item, "path") ?? "";
  const parsed = parsePath(path);
  if (parsed?.type !== "record" || parsed.dataset !== dataset) {
    return damaged(dataset, path, "its path is not one of this dataset's records");
  }
  const { key } = parsed;
  const syncCount = readInteger(item, "syncCount");
  const commit = readText(item, "commit");
  if (!isSyncCount(syncCount) || !isCommitId(commit))
    return damaged(dataset, key, "its sync count or commit can't be read");
  const modifiedAt = readInteger(item, "modifiedAt") ?? 0;
  const schema = readInteger(item, "schema") ?? 0;
  return {
    type: "record",
    record: { key, syncCount, commit, modifiedAt, schema, content: readContent(item, { dataset, key }) },
  };
}

/** Reads a kept item again, by what this version knows. null: it still can't be read. */
export function rereadItem(item: JsonValue): RemoteRecord | null {
  if (!isObject(item)) return null;
  const path = parsePath(readText(item, "path") ?? "");
  if (path?.type !== "record") return null;
  const parsed = itemToRecord(item, path.dataset);
  return parsed.type === "record" && parsed.record.content.type !== "unreadable" ? parsed.record : null;
}

interface Address {
  readonly dataset: DatasetName;
  readonly key: RecordKey;
}

function readContent(item: WireItem, address: Address): Content {
  const deleted = item["deleted"] === undefined ? false : readBoolean(item, "deleted");
  // A tombstone has nothing that a newer format could hold otherwise.
  if (deleted === true) return { type: "removed" };
  const format = readInteger(item, "format");
  if (format !== undefined && format > formatVersion) return unreadable(item, tooNew(format, address));
  if (format === undefined) return unreadable(item, broken("its format can't be read", address));
  if (deleted === undefined) return unreadable(item, broken("it does not say whether it is deleted", address));
  if (readInteger(item, "modifiedAt") === undefined || readInteger(item, "schema") === undefined) {
    return unreadable(item, broken("its time or its schema version can't be read", address));
  }
  const value = readValue(item);
  if (value === undefined)
    return unreadable(item, broken("its value is no JSON that JavaScript can hold exactly", address));
  return { type: "live", value };
}

function readValue(item: WireItem): JsonValue | undefined {
  if (item["json"] === undefined) return attributeToValue(item["value"]);
  const text = readText(item, "json");
  return text === undefined || item["value"] !== undefined ? undefined : jsonTextToValue(text);
}

const unreadable = (item: WireItem, error: SyncErrorInfo): Content => ({
  type: "unreadable",
  error,
  item: itemToJson(item),
});

const tooNew = (format: number, { dataset, key }: Address): SyncErrorInfo => ({
  code: "format-too-new",
  message: `The record "${key}" of "${dataset}" was written by a newer version of this app (format ${format}, this one knows ${formatVersion}). It is kept as it is; update the app to read it.`,
  dataset,
  key,
});

const broken = (why: string, { dataset, key }: Address): SyncErrorInfo => ({
  code: "internal",
  message: `The record "${key}" of "${dataset}" in the table can't be read: ${why}. Something wrote it without Holdfast's rules. It is kept as it is and not overwritten.`,
  dataset,
  key,
});

function damaged(dataset: DatasetName, key: string, why: string): ParsedItem {
  const message = `An item of "${dataset}" in the table counts for nothing: ${why}. Something wrote it without Holdfast's rules; delete or mend it.`;
  return { type: "damaged", damaged: { key, error: new SyncError({ code: "internal", message, dataset, key }) } };
}
