// Waiting until what was written is in the cloud.
import { SyncError, type RecordKey, type SyncErrorInfo } from "@holdfast/core";
import type { Wait } from "./api.ts";
import type { OpenDataset } from "./open-dataset.ts";
import { waitFor } from "./waiting.ts";

/**
 * The writes that were made before the call; of one record, where `key` is given. `sync` is asked to run once; after
 * that it waits for whoever syncs. @throws SyncError of the record that was rejected or is in open conflict; `aborted`
 */
export async function whenSynced(
  dataset: OpenDataset,
  { key, signal }: Wait & { key?: RecordKey },
  sync: () => void,
): Promise<void> {
  await dataset.queue.settled();
  const { replica } = dataset;
  if (dataset.declaration.sync === "never") return;
  const before = dataset.queue.nextPlace;
  const isMine = (order: number | undefined): boolean => order !== undefined && order < before;
  const selection =
    key === undefined ? ({ type: "outbox", limit: 1, keys: [] } as const) : ({ type: "keys", keys: [key] } as const);
  const isDone = async (): Promise<boolean> => {
    for (const record of replica.attention.values()) {
      if (!record.hold || !isMine(record.pending?.order) || (key !== undefined && record.key !== key)) continue;
      throw new SyncError(record.hold.type === "rejected" ? record.hold.error : inConflict(dataset.name, record.key));
    }
    const { records } = await replica.read(selection);
    return ![...records.values()].some(({ pending }) => isMine(pending?.order));
  };
  if (await isDone()) return;
  sync();
  await waitFor(isDone, (listener) => replica.subscribe(listener), signal);
}

const inConflict = (dataset: string, key: string): SyncErrorInfo => ({
  code: "not-found",
  message: `The record ${JSON.stringify(key)} of "${dataset}" waits for a person to decide its conflict. See \`problems\`; resolveConflict goes on.`,
  dataset,
  key,
});
