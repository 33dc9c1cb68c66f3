// Sharing a dataset with other writers: how long to wait after refusals, and when to let others have their turn.
import { otherWriterMs, pushTurn, SyncError, type DatasetName } from "@holdfast/core";
import { backoffMs } from "./backoff.ts";
import type { RuntimeImplementation } from "./runtime.ts";

/** Refusals in a row that are answered at once, and those after which a run ends: far more than contention makes. */
const refusalsFree = 3;
const refusalsMax = 200;

export class Contention {
  readonly #dataset: DatasetName;
  readonly #runtime: RuntimeImplementation;
  readonly #signal: AbortSignal;
  readonly #now: () => number;
  /** S-18: until when another writer counts as being at work, and commits since it was let in. */
  #othersUntil = 0;
  #commitsInTurn = 0;
  /** In a row, without a commit of this replica's own between them. */
  #refusals = 0;

  constructor(context: {
    readonly dataset: DatasetName;
    readonly runtime: RuntimeImplementation;
    readonly signal: AbortSignal;
    /** Milliseconds since 1970, skew-corrected. */
    readonly now: () => number;
  }) {
    this.#dataset = context.dataset;
    this.#runtime = context.runtime;
    this.#signal = context.signal;
    this.#now = context.now;
  }

  /** S-18: somebody else was at work at `at`. */
  noteOthers(at: number): void {
    this.#othersUntil = Math.max(this.#othersUntil, at + otherWriterMs);
  }

  /**
   * S-14: contention costs less with waiting; what is refused for ever, though all adds up, must not be sent for ever.
   * @throws SyncError `cloud-misconfigured`
   */
  async refused(): Promise<void> {
    this.noteOthers(this.#now());
    this.#refusals += 1;
    if (this.#refusals > refusalsMax) {
      const message = `The cloud refuses each commit of "${this.#dataset}", although what was read of it adds up. Something may write to the table without Holdfast's rules; it is tried again at the next sync.`;
      throw new SyncError({ code: "cloud-misconfigured", message });
    }
    if (this.#refusals <= refusalsFree) return;
    await this.#runtime.sleep(backoffMs(this.#refusals - refusalsFree, this.#runtime.random()), this.#signal);
  }

  landed(): void {
    this.#refusals = 0;
  }

  /** S-18: a bulk push gives way to others, and never waits where there are none. */
  async takeTurns(): Promise<void> {
    this.#commitsInTurn += 1;
    if (this.#commitsInTurn < pushTurn.commitsMax || this.#now() > this.#othersUntil) return;
    this.#commitsInTurn = 0;
    await this.#runtime.sleep(pushTurn.pauseMs, this.#signal);
  }
}
