// What one run over a dataset has done so far, for its report.
import type { ConflictRecord, DatasetName, RecordKey, SyncErrorInfo } from "@holdfast/core";
import type { DatasetReport, SyncOutcome } from "./api.ts";
import type { Cost, DamagedItem } from "./remote-store.ts";

export interface SyncResult {
  readonly report: DatasetReport;
  /** Items of the cloud that count for nothing because they can't be read. */
  readonly damaged: readonly DamagedItem[];
  readonly repaired: readonly RecordKey[];
}

export class SyncTally {
  damaged: readonly DamagedItem[] = [];
  pushed = 0;
  #pulled = 0;
  #merged = 0;
  readonly #conflicts: ConflictRecord[] = [];
  readonly #repaired: RecordKey[] = [];
  readonly #cost = { requests: 0, readUnits: 0, writeUnits: 0 };
  #stopped: { readonly error: SyncErrorInfo; readonly blocked: boolean } | null = null;

  adopt(adopted: {
    readonly pulled: number;
    readonly merged: number;
    readonly conflicts: readonly ConflictRecord[];
    readonly repaired: readonly RecordKey[];
  }): void {
    this.#pulled += adopted.pulled;
    this.#merged += adopted.merged;
    this.#conflicts.push(...adopted.conflicts);
    this.#repaired.push(...adopted.repaired);
  }

  spend(cost: Cost): void {
    this.#cost.requests += cost.requests;
    this.#cost.readUnits += cost.readUnits;
    this.#cost.writeUnits += cost.writeUnits;
  }

  /** The run can't go on; `blocked`: until somebody acts. */
  stop(error: SyncErrorInfo, { blocked }: { readonly blocked: boolean }): void {
    this.#stopped = { error, blocked };
  }

  result(dataset: DatasetName, verified: boolean): SyncResult {
    const error = this.#stopped?.error ?? null;
    const report: DatasetReport = {
      dataset,
      outcome: this.#outcome(),
      error,
      verified: verified && error === null,
      pulled: this.#pulled,
      pushed: this.pushed,
      merged: this.#merged,
      conflicts: this.#conflicts,
      ...this.#cost,
    };
    return { report, damaged: this.damaged, repaired: this.#repaired };
  }

  #outcome(): SyncOutcome {
    if (this.#stopped === null) return "synced";
    if (this.#stopped.blocked) return "blocked";
    return this.#stopped.error.code === "offline" ? "offline" : "incomplete";
  }
}
