// A replica as small as can be, for the contract of the remote store: what it holds, and the next commit upon it.
import {
  acknowledgeCommit,
  emptyCheckpoint,
  emptyReplica,
  parseCommitId,
  parseReplicaId,
  planCommit,
  planDeletion,
  type Attempt,
  type Checkpoint,
  type CommitId,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
} from "@holdfast/core";
import { browserRuntime } from "../browser-runtime.ts";
import { randomId } from "../random-id.ts";

const runtime = browserRuntime();
export const newCommit = (): CommitId => parseCommitId(randomId(runtime, 16));

/** undefined: the record is removed. */
export type Values = Readonly<Record<string, JsonValue | undefined>>;

export class ContractReplica {
  readonly id = parseReplicaId(randomId(runtime, 6));
  checkpoint: Checkpoint = emptyCheckpoint;
  readonly records = new Map<RecordKey, LocalRecord>();

  attempt(values: Values, commit = newCommit()): Attempt {
    const records = Object.entries(values).map(([name, value], order): LocalRecord => {
      // The contract also asks for keys that only the table knows to be wrong.
      const key = name as RecordKey;
      const base = this.records.get(key)?.base ?? null;
      const pending = { order, again: null };
      return { key, base, value, modifiedAt: Date.now(), schema: 1, pending, hold: null };
    });
    const attempt = planCommit(this.checkpoint, records, this.#context(commit));
    if (!attempt) throw new Error("A commit without records is none.");
    return attempt;
  }

  deletion(): Attempt {
    return planDeletion(this.checkpoint, [], this.#context(newCommit()));
  }

  landed(attempt: Attempt): void {
    const { state, records } = acknowledgeCommit(
      { ...emptyReplica, checkpoint: this.checkpoint, attempt },
      attempt,
      () => undefined,
    );
    this.checkpoint = state.checkpoint ?? emptyCheckpoint;
    if (attempt.deletion) this.records.clear();
    for (const [key, record] of records) {
      if (record) this.records.set(key, record);
      else this.records.delete(key);
    }
  }

  /** Another device that holds the same. */
  copy(): ContractReplica {
    const copy = new ContractReplica();
    copy.checkpoint = this.checkpoint;
    for (const [key, record] of this.records) copy.records.set(key, record);
    return copy;
  }

  #context(commit: CommitId) {
    return { commit, replica: this.id, newLineage: newCommit(), now: Date.now() };
  }
}
