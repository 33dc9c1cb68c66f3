// One device's copy, in memory, that does what the rules say by core's functions alone. Each method is one local
// transaction, or one read with the transaction that follows it.
import { acknowledgeCommit, planCommit } from "../src/commit-plan.ts";
import type { ConflictRecord } from "../src/conflict.ts";
import { editGroup } from "../src/groups.ts";
import type { RecordKey, ReplicaId } from "../src/ids.ts";
import type { JsonValue } from "../src/json-value.ts";
import { editRecord } from "../src/local-edit.ts";
import { adoptPull } from "../src/pull.ts";
import type { LocalRecord } from "../src/record.ts";
import { isCloudBehind } from "../src/repair.ts";
import { emptyCheckpoint, emptyReplica, type Attempt, type ReplicaState } from "../src/replica.ts";
import { listed, type Answer, type ModelTable } from "./model-table.ts";
import { commitOf, notes } from "./samples.ts";

export class ModelReplica {
  readonly id: ReplicaId;
  readonly conflicts: ConflictRecord[] = [];
  readonly records = new Map<RecordKey, LocalRecord>();
  state: ReplicaState = emptyReplica;
  /** A row was lost here, and the whole was not compared since. */
  isDamaged = false;
  readonly #table: ModelTable;
  readonly #now: () => number;
  readonly #newCommit: () => number;

  constructor(id: ReplicaId, options: { table: ModelTable; now: () => number; newCommit: () => number }) {
    this.id = id;
    this.#table = options.table;
    this.#now = options.now;
    this.#newCommit = options.newCommit;
  }

  edit(key: RecordKey, value: JsonValue | undefined): void {
    const inAttempt = this.state.attempt?.records.some((sent) => sent.key === key) ?? false;
    const edit = { key, value, now: this.#now(), schema: 1, order: this.state.nextOrder };
    const outcome = editRecord(this.records.get(key), edit, inAttempt);
    if (outcome.type === "unchanged") return;
    this.#store([[key, outcome.record]]);
    this.state = { ...this.state, nextOrder: this.state.nextOrder + 1 };
  }

  /** S-16: all in one transaction; a commit takes `recordsMax`. */
  transact(values: ReadonlyMap<RecordKey, JsonValue>, recordsMax: number): void {
    const inAttempt = new Set(this.state.attempt?.records.map(({ key }) => key));
    const [now, order] = [this.#now(), this.state.nextOrder];
    const edits = [...values].map(([key, value]) => ({ key, value, now, schema: 1, order }));
    this.#store(editGroup(this.records, edits, inAttempt, recordsMax));
    this.state = { ...this.state, nextOrder: order + 1 };
  }

  /** The attempt that is to be sent: the open one, or a new one that is made durable. */
  attempt(recordsMax: number): Attempt | null {
    if (this.state.attempt || !this.state.checkpoint) return this.state.attempt;
    const pending = [...this.records.values()].filter((record) => record.pending);
    const [commit, newLineage] = [commitOf(this.#newCommit()), `lineage of ${this.id}`];
    const attempt = planCommit(this.state.checkpoint, pending, {
      ...{ commit, replica: this.id, newLineage, now: this.#now(), recordsMax },
    });
    this.state = { ...this.state, attempt };
    return attempt;
  }

  receive(attempt: Attempt, answer: Answer): void {
    // S-15: an answer acts only if this attempt is still open.
    if (this.state.attempt?.commit !== attempt.commit) return;
    if (answer === "record-refused") this.pull(true);
    if (answer !== "committed") return;
    const acknowledged = acknowledgeCommit(this.state, attempt, ({ key }) => this.records.get(key));
    this.#move(acknowledged.state, acknowledged.records);
  }

  /** Whether what was read verified. */
  pull(whole: boolean): boolean {
    const pulled = this.#table.read(whole ? 0 : (this.state.checkpoint?.syncCount ?? 0), whole);
    if (!pulled) {
      // S-7: an alarm, unless nothing was ever there.
      if (this.state.checkpoint?.commit) throw new Error("the head is gone");
      this.state = { ...this.state, checkpoint: emptyCheckpoint };
      return true;
    }
    if (!whole && isCloudBehind(this.state, pulled.head, this.id)) {
      if (!this.#table.wasRestored) throw new Error("a false alarm: the cloud never went back");
      return this.pull(true);
    }
    const context = { dataset: notes, replica: this.id, resolver: undefined, now: this.#now() };
    const outcome = adoptPull(this.state, this.records, pulled, context);
    if (outcome.type === "unverified") return false;
    this.conflicts.push(...outcome.conflicts);
    if (whole) this.isDamaged = false;
    this.#move(outcome.state, outcome.records);
    return true;
  }

  /** The row of a record with nothing pending is lost, as by a damaged disk. */
  lose(key: RecordKey): void {
    const record = this.records.get(key);
    if (!record || record.pending) return;
    this.records.delete(key);
    this.isDamaged = true;
  }

  #move(state: ReplicaState, records: ReadonlyMap<RecordKey, LocalRecord | null>): void {
    const before = this.state.checkpoint?.syncCount ?? 0;
    this.state = state;
    this.#store(records);
    const { checkpoint } = state;
    if (!checkpoint || (checkpoint.syncCount < before && !this.#table.wasRestored))
      throw new Error("the checkpoint went back");
    const bases = [...this.records].flatMap(([key, { base }]) => (base ? [{ key, ...base }] : []));
    if (!this.isDamaged && listed(bases) !== this.#table.history.get(checkpoint.commit)) {
      throw new Error(`${this.id} stands at ${checkpoint.syncCount}, and does not hold what the cloud held there`);
    }
  }

  #store(records: Iterable<readonly [RecordKey, LocalRecord | null]>): void {
    for (const [key, record] of records) {
      if (record) this.records.set(key, record);
      else this.records.delete(key);
    }
  }
}
