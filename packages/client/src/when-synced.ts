// Waiting until what was written is in the cloud.
import { nextLayer, SyncError, type LocalRecord, type RecordKey, type SyncErrorInfo } from "@holdfast/core";
import type { OpenDataset } from "./open-dataset.ts";
import { waitFor } from "./waiting.ts";

export interface WhenSynced {
  /** null: every record. */
  readonly key: RecordKey | null;
  readonly signal: AbortSignal | undefined;
}

/**
 * The writes that were made before the call; of one record, where `key` is given. `sync` is asked to run once; after
 * that it waits for whoever syncs. @throws SyncError of the record that was rejected, is in open conflict or waits for
 * another version of the app; `aborted`; `closed` where the client is closed or another identity is shown meanwhile
 */
export async function whenSynced(dataset: OpenDataset, { key, signal }: WhenSynced, sync: () => void): Promise<void> {
  const { replica, queue, declaration } = dataset;
  await queue.settled();
  if (declaration.sync === "never") return;
  // Whatever has a place by now: all places that any tab has taken, but for those that this one has yet to give away.
  const { places } = queue;
  const { state } = await replica.read({ type: "keys", keys: [] });
  const isMine = (record: LocalRecord): boolean => {
    const { order } = nextLayer(record);
    return record.pending !== null && order < state.nextOrder && !(order >= places.next && order < places.end);
  };
  const selection =
    key === null ? ({ type: "outbox", limit: 1, keys: [] } as const) : ({ type: "keys", keys: [key] } as const);
  const isDone = async (): Promise<boolean> => {
    if (dataset.isEnded) throw ended(dataset.name);
    for (const record of replica.attention.values()) {
      if (isMine(record) && (key === null || record.key === key)) throw new SyncError(waitsFor(dataset.name, record));
    }
    const { records } = await replica.read(selection);
    return ![...records.values()].some(isMine);
  };
  if (await isDone()) return;
  sync();
  await waitFor(isDone, (listener) => dataset.onNews(listener), signal);
}

function waitsFor(dataset: string, { key, hold, base }: LocalRecord): SyncErrorInfo {
  if (hold?.type === "rejected") return hold.error;
  if (hold?.type === "group") return withGroup(dataset, key, hold.key);
  if (hold) return inConflict(dataset, key);
  if (base?.content.type === "unreadable") return base.content.error;
  return {
    code: "format-too-new",
    message: `The record ${JSON.stringify(key)} of "${dataset}" was changed by a newer version of this app; the edit made here waits for it. Update the app.`,
    dataset,
    key,
  };
}

const ended = (dataset: string): SyncError =>
  new SyncError({
    code: "closed",
    message: `The client was closed, or another identity is shown now. What was written to "${dataset}" is kept, and goes up when it is opened again.`,
    dataset,
  });

const withGroup = (dataset: string, key: RecordKey, waits: RecordKey): SyncErrorInfo => ({
  code: "not-found",
  message: `The record ${JSON.stringify(key)} of "${dataset}" was written in one transaction with ${JSON.stringify(waits)}, and goes up with it. That one is held back; see \`problems\`.`,
  dataset,
  key,
});

const inConflict = (dataset: string, key: string): SyncErrorInfo => ({
  code: "not-found",
  message: `The record ${JSON.stringify(key)} of "${dataset}" waits for a person to decide its conflict. See \`problems\`; resolveConflict goes on.`,
  dataset,
  key,
});
