// What counts in a simulated cloud's table, and whether its heads say so.
import { DigestSum, isCounted, type DatasetName, type RecordKey, type RemoteRecord } from "@holdfast/core";
import type { MemoryTable } from "../memory-table.ts";

/** What counted in a dataset after a commit: key → version. */
export type Counted = ReadonlyMap<RecordKey, string>;

export function isHeadTrue(table: MemoryTable, dataset: DatasetName): boolean {
  const { head, records } = table.table(dataset);
  if (!head) return records.size === 0;
  const sum = new DigestSum();
  for (const record of records.values()) if (isCounted(record) && record.syncCount > head.floor) sum.add(record);
  return sum.digest === head.digest && sum.recordCount === head.recordCount;
}

export const versionName = ({ syncCount, commit }: { syncCount: number; commit: string }): string =>
  `${syncCount}/${commit}`;

export function countedOf(records: Iterable<RemoteRecord>, floor: number): Counted {
  const counted = new Map<RecordKey, string>();
  for (const record of records) {
    if (isCounted(record) && record.syncCount > floor) counted.set(record.key, versionName(record));
  }
  return counted;
}
