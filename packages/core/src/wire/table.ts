// The table's layout (DESIGN 3): names of keys, index and attributes, and the two sort keys made of text. Changing any of
// it changes every user's table: `format` must go up then.
import { isRecordKey, parseDatasetName, type DatasetName, type RecordKey, type SyncCount } from "../ids.ts";

/** The local secondary index by change. A local one, because only a local one can be read strongly consistently. */
export const changesIndexName = "changes";

/** A record's sort key. */
export const recordPath = (dataset: DatasetName, key: RecordKey): string => `${recordPrefix(dataset)}${key}`;

/** What the sort keys of all records of a dataset begin with. A dataset's name has no slash. */
export const recordPrefix = (dataset: DatasetName): string => `record/${dataset}/`;

/** A head's sort key. */
export const headPath = (dataset: DatasetName): string => `${headPrefix}${dataset}`;

export const headPrefix = "head/";

/** A record's sort key in the index. */
export const recordChange = (dataset: DatasetName, syncCount: SyncCount): string => `${dataset}/${digits(syncCount)}`;

/** A head's sort key in the index: behind the records of its commit, so that it is read last. */
export const headChange = (dataset: DatasetName, syncCount: SyncCount): string =>
  `${recordChange(dataset, syncCount)}~`;

/** What changed since a checkpoint, and always the head (S-7): both ends are included. */
export const changesSince = (
  dataset: DatasetName,
  since: SyncCount,
): { readonly from: string; readonly to: string } => ({
  from: headChange(dataset, since),
  to: `${dataset}/~`,
});

/** All that a deletion at `floor` has ended, without the head: it stands behind the records of its count. */
export const changesUpTo = (
  dataset: DatasetName,
  floor: SyncCount,
): { readonly from: string; readonly to: string } => ({
  from: `${dataset}/`,
  to: recordChange(dataset, floor),
});

export type Path =
  | { readonly type: "head"; readonly dataset: DatasetName }
  | { readonly type: "record"; readonly dataset: DatasetName; readonly key: RecordKey };

/** null: no path of Holdfast's. */
export function parsePath(path: string): Path | null {
  if (path.startsWith(headPrefix)) {
    const dataset = datasetOf(path.slice(headPrefix.length));
    return dataset === null ? null : { type: "head", dataset };
  }
  const slash = path.indexOf("/", "record/".length);
  if (!path.startsWith("record/") || slash < 0) return null;
  const dataset = datasetOf(path.slice("record/".length, slash));
  const key = path.slice(slash + 1);
  return dataset !== null && isRecordKey(key) ? { type: "record", dataset, key } : null;
}

// 16 digits hold every sync count (the largest is 2^53 - 1), so that text order is number order.
const digits = (syncCount: SyncCount): string => String(syncCount).padStart(16, "0");

function datasetOf(name: string): DatasetName | null {
  try {
    return parseDatasetName(name);
  } catch {
    return null;
  }
}
