// S-5, S-14: an attempt of which nothing was applied, and never will be.
import {
  jsonEquals,
  rejectRecords,
  type Attempt,
  type LocalRecord,
  type RecordKey,
  type SyncErrorInfo,
} from "@holdfast/core";
import type { DatasetReplica } from "./dataset-replica.ts";

/** Ends it, unless another tab has (S-15); the records at fault are held back with their reason, the others offered again. */
export async function endAttempt(
  replica: DatasetReplica,
  attempt: Attempt,
  errorsByKey: ReadonlyMap<string, SyncErrorInfo>,
  at: number,
): Promise<void> {
  const keys = attempt.records.map(({ key }) => key);
  await replica.transact("cloud", { type: "keys", keys }, (view) => {
    if (view.state.attempt?.commit !== attempt.commit) return { change: {}, result: undefined };
    const records = new Map<RecordKey, LocalRecord>();
    for (const { key, value } of attempt.records) {
      const error = errorsByKey.get(key);
      // What was edited since was not refused: it goes up with the next attempt.
      if (!error || !jsonEquals(view.records.get(key)?.value, value)) continue;
      const held = rejectRecords(view.records, new Set([key]), error, { at, commit: attempt.commit });
      for (const [of, record] of held) records.set(of, record);
    }
    return { change: { state: { ...view.state, attempt: null }, records }, result: undefined };
  });
}
