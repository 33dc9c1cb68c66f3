// What the client says of its state. Pure: from what is known to what is shown, and never more than is known.
import type { SyncErrorInfo } from "@holdfast/core";
import type { DatasetStatus, SyncStatus } from "./api.ts";
import type { SignedIn } from "./cloud.ts";
import type { OpenDataset } from "./open-dataset.ts";

export interface Circumstances {
  readonly online: boolean;
  readonly phase: SyncStatus["phase"];
  readonly isRunning: boolean;
  /** Whether something will start a sync by itself. */
  readonly isAutomatic: boolean;
  /** What was written before the sign-in is not yet where it goes up from. */
  readonly isMoving: boolean;
  /** Why the last run could not begin, or storage fails. */
  readonly error: SyncErrorInfo | null;
  /** What keeps every dataset from syncing until somebody acts. */
  readonly blocked: SyncErrorInfo | null;
}

const offlineInfo: SyncErrorInfo = {
  code: "offline",
  message: "This device is offline. Everything is kept here, and goes up when there is a network.",
};

/** Records of one dataset that wait, and why. */
interface Counts {
  readonly pending: number;
  readonly rejected: number;
  readonly conflicts: number;
  readonly needsAttention: boolean;
}

function countOf(dataset: OpenDataset): Counts {
  const { attention, outbox, damaged } = dataset.replica;
  let rejected = 0;
  let conflicts = 0;
  for (const { hold } of attention.values()) {
    if (hold?.type === "rejected") rejected += 1;
    if (hold?.type === "conflict") conflicts += 1;
  }
  const unreadable = damaged.length + dataset.unreadable.size + dataset.damagedItems.size;
  return {
    pending: dataset.declaration.sync === "never" ? 0 : outbox,
    rejected,
    conflicts,
    needsAttention: attention.size > 0 || unreadable > 0 || dataset.isBlocked,
  };
}

export function datasetStatus(dataset: OpenDataset, circumstances: Circumstances): DatasetStatus {
  const counts = countOf(dataset);
  const { pulled, total } = dataset.progress;
  const { sync } = dataset.declaration;
  const isAutomatic = circumstances.isAutomatic && sync === "auto";
  const error = sync === "never" ? null : errorOf([dataset], counts, circumstances);
  return Object.freeze({
    state: stateOf(counts, { ...circumstances, isAutomatic, error }),
    pending: counts.pending,
    pulled,
    total,
    lastSyncedAt: dataset.replica.state.lastSyncedAt,
    error,
  });
}

export function clientStatus(
  datasets: readonly OpenDataset[],
  identity: SignedIn | null,
  unwritten: number,
  storage: SyncStatus["storage"],
  circumstances: Circumstances,
): SyncStatus {
  const counts = datasets.map(countOf);
  const sum = (of: (counts: Counts) => number): number => counts.reduce((total, each) => total + of(each), 0);
  const total: Counts = {
    pending: sum(({ pending }) => pending),
    rejected: sum(({ rejected }) => rejected),
    conflicts: sum(({ conflicts }) => conflicts),
    needsAttention: circumstances.blocked !== null || counts.some(({ needsAttention }) => needsAttention),
  };
  // What waits in datasets that are synced only when asked goes nowhere by itself.
  const goesByItself = datasets.some(({ declaration, replica }) => declaration.sync === "auto" && replica.outbox > 0);
  const isAutomatic = circumstances.isAutomatic && goesByItself;
  const error = errorOf(datasets, total, circumstances);
  const times = datasets.flatMap(({ replica }) => replica.state.lastSyncedAt ?? []);
  return {
    state: stateOf(total, { ...circumstances, isAutomatic, error }),
    error,
    recoverable: identity?.kind === "authenticated",
    unwritten,
    pending: total.pending,
    rejected: total.rejected,
    conflicts: total.conflicts,
    online: circumstances.online,
    phase: circumstances.phase,
    lastSyncedAt: times.length === 0 ? null : Math.max(...times),
    storage,
  };
}

function stateOf(counts: Counts, { error, isRunning, isAutomatic, isMoving }: Circumstances): SyncStatus["state"] {
  if (counts.needsAttention) return "attention";
  if (counts.pending === 0 && !isMoving) return "saved";
  if (error !== null) return "waiting";
  return isRunning || isAutomatic || isMoving ? "saving" : "waiting";
}

/** Offline goes before what was met when there was a network: it is what a person can see. */
function errorOf(
  datasets: readonly OpenDataset[],
  counts: Counts,
  { online, error }: Circumstances,
): SyncErrorInfo | null {
  if (counts.pending > 0 && !online) return offlineInfo;
  return (
    error ??
    datasets.find((dataset) => dataset.error)?.error ??
    datasets.find(({ loadError }) => loadError)?.loadError ??
    null
  );
}
