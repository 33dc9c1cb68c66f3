// S-20: how something that is no device writes into a user's dataset (a Lambda, a script of the operator's): by the same
// rules, in one transaction, so that devices pull and verify it as they do each other's commits.
import { planCommit } from "./commit-plan.ts";
import { assertFits } from "./groups.ts";
import {
  isCommitId,
  isReplicaId,
  parseDatasetName,
  parseIdentityId,
  parseRecordKey,
  type DatasetName,
  type RecordKey,
} from "./ids.ts";
import { parseValue, storageForm, type JsonValue } from "./json-value.ts";
import { formatVersion } from "./limits.ts";
import { editRecord } from "./local-edit.ts";
import { isCounted, settledRecord, type LocalRecord } from "./record.ts";
import { checkpointAt, emptyCheckpoint, type Checkpoint, type Head } from "./replica.ts";
import { SyncError, type SyncErrorInfo } from "./sync-error.ts";
import type { AttributeValue, WireItem } from "./wire/attribute-value.ts";
import { commitRequest, type CommitRequest } from "./wire/commit-request.ts";
import { itemToHead } from "./wire/head-item.ts";
import { itemToRecord } from "./wire/record-item.ts";
import { headPath, recordPath } from "./wire/table.ts";

/** Whose dataset it is. */
export interface BackEndDataset {
  readonly tableName: string;
  /** The user's Cognito identity id. */
  readonly identityId: string;
  readonly dataset: string;
}

export interface BackEndCommit extends BackEndDataset {
  /** 128 random bits in base64url, 22 characters, new for each commit; it is the request's token as well. */
  readonly commitId: string;
  /** 48 random bits in base64url, 8 characters: names this back end among the writers. The same one for ever. */
  readonly writerId: string;
  /** Milliseconds since 1970, by a clock that is right within minutes. */
  readonly now: number;
  /** The dataset's declared version that the values are in. Default 1. */
  readonly schema?: number;
}

/** The table's key of a record, for GetItem. @throws SyncError `invalid-name`, `invalid-key`, `internal` */
export function recordItemKey(of: BackEndDataset, key: string): Record<"identity" | "path", AttributeValue> {
  return itemKey(of, recordPath(parseDatasetName(of.dataset), parseRecordKey(key)));
}

/** The table's key of a dataset's head, for GetItem. @throws SyncError `invalid-name`, `internal` */
export function headItemKey(of: BackEndDataset): Record<"identity" | "path", AttributeValue> {
  return itemKey(of, headPath(parseDatasetName(of.dataset)));
}

const itemKey = ({ identityId }: BackEndDataset, path: string): Record<"identity" | "path", AttributeValue> => ({
  identity: { S: parseIdentityId(identityId) },
  path: { S: path },
});

/**
 * The value of a record's item; undefined: it is absent, removed, or went with its dataset. `head`: the dataset's head item.
 * @throws SyncError `format-too-new`, `internal` where it can't be read
 */
export function readRecordItem(
  head: WireItem | undefined,
  record: WireItem | undefined,
  dataset: string,
): JsonValue | undefined {
  const name = parseDatasetName(dataset);
  const known = record && recordOf(record, name, headOf(head, name));
  return known?.value;
}

/** Whether the head says that this was the writer's last commit, or that the dataset stands at it. @throws as `itemToHead` */
export function hasLanded(
  head: WireItem | undefined,
  { dataset, commitId, writerId }: Pick<BackEndCommit, "dataset" | "commitId" | "writerId">,
): boolean {
  const known = headOf(head, parseDatasetName(dataset));
  return (
    known !== null &&
    (known.commit === commitId || [...known.writers].some(([of, last]) => of === writerId && last === commitId))
  );
}

/**
 * The transaction that makes `changes` (undefined: the record is removed), if nothing has changed since `head` and
 * `records` were read (GetItem, strongly consistent; `records`: the items of the keys that change, as far as there are
 * any). Pure: nothing is sent. null: nothing changes.
 *
 * Send it with `TransactWriteItemsCommand`. After an error that does not say whether it was applied, send the very same
 * again; where it was cancelled, read head and records again and build another one (`hasLanded` tells whether the one
 * before has landed after all).
 * @throws SyncError `invalid-name`, `invalid-key`, `invalid-value`, `value-too-large`, `transaction-too-large`;
 * `format-too-new` where a newer version of the app wrote what would be written over; `cloud-misconfigured` where there
 * are records and no head (a device has to mend that, S-13); `internal` where an item can't be read or an id is none
 */
export function buildCommit(
  head: WireItem | undefined,
  records: readonly (WireItem | undefined)[],
  changes: Iterable<readonly [key: string, value: unknown]>,
  options: BackEndCommit,
): CommitRequest | null {
  const { identityId, tableName, commitId, writerId, now, schema = 1 } = options;
  const identity = parseIdentityId(identityId);
  const dataset = parseDatasetName(options.dataset);
  if (!isCommitId(commitId)) throw wrong("commitId", "22 characters of base64url");
  if (!isReplicaId(writerId)) throw wrong("writerId", "8 characters of base64url");
  if (!Number.isFinite(now)) throw wrong("now", "a number of milliseconds");
  const there = headOf(head, dataset);
  if (there !== null && there.format > formatVersion) throw tooNew(dataset);
  const known = new Map<RecordKey, LocalRecord>();
  for (const item of records) {
    const record = item && recordOf(item, dataset, there);
    if (!record) continue;
    if (there === null) throw headless(dataset);
    known.set(record.key, record);
  }
  const edited = new Map<RecordKey, LocalRecord>();
  let order = 0;
  for (const [name, input] of changes) {
    const key = parseRecordKey(name);
    const value = input === undefined ? undefined : parseValue(input);
    if (value !== undefined) storageForm(value); // throws where no record can hold it
    const outcome = editRecord(known.get(key), { key, value, now, schema, order: (order += 1) }, false);
    if (outcome.type === "unchanged" || !outcome.record?.pending) edited.delete(key);
    else edited.set(key, { ...outcome.record, pending: { order: 1, again: null, group: { sealed: [] } } });
  }
  const written = [...edited.values()];
  assertFits(written);
  const checkpoint: Checkpoint = there ? checkpointAt(there, []) : emptyCheckpoint;
  const attempt = planCommit(checkpoint, written, { commit: commitId, replica: writerId, newLineage: commitId, now });
  return attempt && commitRequest(tableName, { identity, dataset }, attempt);
}

function headOf(item: WireItem | undefined, dataset: DatasetName): Head | null {
  return item ? itemToHead(item, dataset) : null;
}

/** null: it does not count. */
function recordOf(item: WireItem, dataset: DatasetName, head: Head | null): LocalRecord | null {
  const parsed = itemToRecord(item, dataset);
  if (parsed.type === "damaged") throw parsed.damaged.error;
  const { key, ...version } = parsed.record;
  const isEnded = version.syncCount <= (head?.floor ?? 0);
  if (isEnded || !isCounted(version)) return null;
  if (version.content.type === "unreadable") throw new SyncError(version.content.error);
  return settledRecord(key, version);
}

const wrong = (what: string, wanted: string): SyncError =>
  new SyncError({ code: "internal", message: `\`${what}\` is not ${wanted}. Nothing was built.` });

const tooNew = (dataset: DatasetName): SyncError =>
  failure(dataset, {
    code: "format-too-new",
    message: `The dataset "${dataset}" was written by a newer version of Holdfast; writing to it could break it. Update @holdfast/core.`,
  });

const headless = (dataset: DatasetName): SyncError =>
  failure(dataset, {
    code: "cloud-misconfigured",
    message: `The dataset "${dataset}" has records and no head: the table was restored, or an item was deleted. Let a device of the user's sync, which makes it anew; then try again.`,
  });

const failure = (dataset: DatasetName, info: SyncErrorInfo): SyncError => new SyncError({ ...info, dataset });
