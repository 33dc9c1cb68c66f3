// What one run over a dataset has done so far, for its report.
import type { ConflictRecord, DatasetName, RecordKey, Stage, Stopped, SyncErrorInfo, SyncEvent } from "@holdfast/core";
import type { DatasetReport, SyncOutcome } from "./api.ts";
import type { Cost } from "./remote-store.ts";

export interface SyncResult {
  readonly report: DatasetReport;
  /** Items of the cloud that count for nothing because they can't be read, as far as this run met them. */
  readonly damaged: ReadonlyMap<string, SyncErrorInfo>;
  readonly repaired: readonly RecordKey[];
}

export class SyncTally {
  #damaged: SyncResult["damaged"] = new Map();
  #pulled = 0;
  #pushed = 0;
  #merged = 0;
  readonly #conflicts: ConflictRecord[] = [];
  readonly #repaired: RecordKey[] = [];
  readonly #cost = { requests: 0, readUnits: 0, writeUnits: 0 };

  note(stage: Stage, event: SyncEvent): void {
    switch (event.type) {
      case "read":
        if (event.damaged.size > 0 || stage.type === "comparing") this.#damaged = event.damaged;
        return;
      case "adopted":
        this.#pulled += event.pulled;
        this.#merged += event.merged;
        this.#conflicts.push(...event.conflicts);
        this.#repaired.push(...event.repaired);
        return;
      case "committed":
        if (stage.type === "sending") this.#pushed += stage.attempt.records.length;
        return;
      default:
        return;
    }
  }

  spend(cost: Cost): void {
    this.#cost.requests += cost.requests;
    this.#cost.readUnits += cost.readUnits;
    this.#cost.writeUnits += cost.writeUnits;
  }

  /** `stopped`: why the run could not go on, if so. */
  result(dataset: DatasetName, verified: boolean, stopped: Stopped | null): SyncResult {
    const error = stopped?.error ?? null;
    const report: DatasetReport = {
      dataset,
      outcome: outcomeOf(stopped),
      error,
      verified: verified && error === null,
      pulled: this.#pulled,
      pushed: this.#pushed,
      merged: this.#merged,
      conflicts: this.#conflicts,
      ...this.#cost,
    };
    return { report, damaged: this.#damaged, repaired: this.#repaired };
  }
}

function outcomeOf(stopped: Stopped | null): SyncOutcome {
  if (stopped === null) return "synced";
  if (stopped.blocked) return "blocked";
  return stopped.error.code === "offline" ? "offline" : "incomplete";
}
