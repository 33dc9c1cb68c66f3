// An app's writes to one dataset. What arrives together becomes one transaction: calls that are not awaited one by one
// share it, and while one is under way the next gathers.
import {
  editRecord,
  jsonEquals,
  localWins,
  mergeRecords,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type ReplicaState,
  type View,
} from "@holdfast/core";
import type { DatasetReplica } from "./dataset-replica.ts";

/** What the app could see of a record when it wrote: a write is the difference to it (design, section 2). */
type Seen =
  /** Nothing beyond what is stored: the dataset is not in memory, or the write reads inside its transaction. */
  | { readonly type: "stored" }
  | { readonly type: "value"; readonly value: JsonValue | undefined }
  /** What this write of its own left, which was not durable yet. */
  | { readonly type: "own"; readonly write: Write };

interface Write {
  readonly key: RecordKey;
  readonly seen: Seen;
  /** From the value that is there to the one that shall be; undefined: absent. What it throws refuses its whole job. */
  readonly produce: (current: JsonValue | undefined, seen: Exclude<Seen, { type: "own" }>) => JsonValue | undefined;
}

interface Written {
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
}

/** Small enough that a reload wastes nothing, large enough that a stored one is rare. */
const placesTaken = 1_024;

/** The writes of one call: all or nothing. */
interface Job {
  readonly writes: readonly Write[];
  readonly resolve: (written: readonly Written[]) => void;
  readonly reject: (error: unknown) => void;
}

type Answer =
  | { readonly type: "written"; readonly written: readonly Written[] }
  | { readonly type: "refused"; readonly error: unknown };

export interface WriteQueueOptions {
  readonly replica: DatasetReplica;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: () => number;
  readonly schemaVersion: number;
  /** What the app sees of a record. @throws SyncError where it can't read it, and so must not overwrite it */
  readonly visible: (record: LocalRecord | undefined) => JsonValue | undefined;
  /** Whether the app may store this value. */
  readonly isValid: (value: JsonValue) => boolean;
  /** Told how many records' writes have become durable, or have failed (negative), or were asked for. */
  readonly onUnwritten: (change: number) => void;
}

export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #jobs: Job[] = [];
  #flushing: Promise<void> | null = null;
  /** The last write of each record that is not durable yet. */
  readonly #ownWrites = new Map<RecordKey, Write>();
  /** What became of writes that others build on; one that was refused has none. */
  readonly #written = new WeakMap<Write, Written>();
  /** Places in the outbox that this tab has taken in advance, so that a write need not store the next free one. */
  #places = { next: 0, end: 0 };

  constructor(options: WriteQueueOptions) {
    this.#options = options;
  }

  /** All or nothing, in one transaction. Resolves when it has completed. */
  async put(entries: readonly (readonly [RecordKey, JsonValue])[]): Promise<void> {
    await this.#add(entries.map(([key, value]) => this.#replacing(key, value)));
  }

  async remove(key: RecordKey): Promise<JsonValue | undefined> {
    const [written] = await this.#add([this.#replacing(key, undefined)]);
    return written?.before;
  }

  /** `produce` sees what is stored when its turn comes, after every earlier write. */
  async update(
    key: RecordKey,
    produce: (current: JsonValue | undefined) => JsonValue | undefined,
  ): Promise<JsonValue | undefined> {
    const write: Write = { key, seen: { type: "stored" }, produce };
    this.#ownWrites.set(key, write);
    const [written] = await this.#add([write]);
    return written?.after;
  }

  /** Resolves when everything that was asked for before is durable or refused; never rejects. */
  async settled(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  /** Places in the outbox that this tab has taken, and not yet given to a write. */
  get places(): { readonly next: number; readonly end: number } {
    return this.#places;
  }

  get isIdle(): boolean {
    return this.#flushing === null;
  }

  #replacing(key: RecordKey, value: JsonValue | undefined): Write {
    const own = this.#ownWrites.get(key);
    const seen: Seen = own ? { type: "own", write: own } : this.#inMemory(key);
    const write: Write = { key, seen, produce: (current, from) => this.#rebased(key, from, value, current) };
    this.#ownWrites.set(key, write);
    return write;
  }

  /** A write that was refused left nothing: whoever built on it saw what it saw. */
  #seenBy(write: Write): Exclude<Seen, { type: "own" }> {
    let { seen } = write;
    while (seen.type === "own") {
      const written = this.#written.get(seen.write);
      seen = written ? { type: "value", value: written.after } : seen.write.seen;
    }
    return seen;
  }

  #inMemory(key: RecordKey): Seen {
    const { records } = this.#options.replica;
    if (!records) return { type: "stored" };
    const record = records.get(key);
    try {
      return { type: "value", value: this.#options.visible(record) };
    } catch {
      return { type: "stored" };
    }
  }

  #add(writes: readonly Write[]): Promise<readonly Written[]> {
    this.#options.onUnwritten(writes.length);
    return new Promise((resolve, reject) => {
      this.#jobs.push({ writes, resolve, reject });
      this.#flushing ??= this.#flush();
    });
  }

  async #flush(): Promise<void> {
    // Let what the app writes in the same turn come together.
    await Promise.resolve();
    while (this.#jobs.length > 0) {
      const jobs = this.#jobs;
      this.#jobs = [];
      await this.#write(jobs);
    }
    this.#ownWrites.clear();
    this.#flushing = null;
  }

  async #write(jobs: readonly Job[]): Promise<void> {
    let answers: readonly Answer[];
    try {
      const keys = [...new Set(jobs.flatMap(({ writes }) => writes.map(({ key }) => key)))];
      const applied = await this.#options.replica.transact("here", { type: "keys", keys }, (view) =>
        this.#apply(jobs, view),
      );
      answers = applied.answers;
      this.#places = applied.places;
    } catch (error) {
      for (const { writes } of jobs) for (const write of writes) this.#written.delete(write);
      // One that the storage refuses (no room for it) must not take the others with it.
      if (jobs.length > 1) {
        for (const job of jobs) await this.#write([job]);
        return;
      }
      answers = jobs.map(() => ({ type: "refused", error }));
    }
    for (const [index, job] of jobs.entries()) {
      this.#options.onUnwritten(-job.writes.length);
      const answer = answers[index];
      if (answer?.type === "written") job.resolve(answer.written);
      else job.reject(answer?.error);
    }
  }

  #apply(jobs: readonly Job[], view: View) {
    const changed = new Map<RecordKey, LocalRecord | null>();
    const inAttempt = new Set(view.state.attempt?.records.map(({ key }) => key));
    const now = this.#options.now();
    let places = this.#places;
    let state: ReplicaState | undefined;
    const takePlace = (): number => {
      if (places.next >= places.end) {
        const { nextOrder } = state ?? view.state;
        places = { next: nextOrder, end: nextOrder + placesTaken };
        state = { ...view.state, nextOrder: places.end };
      }
      places = { ...places, next: places.next + 1 };
      return places.next - 1;
    };
    const answers = jobs.map(({ writes }): Answer => {
      // A job that is refused half-way leaves nothing behind.
      const staged = new Map<RecordKey, LocalRecord | null>();
      try {
        const written = writes.map((write): Written => {
          const { key, produce } = write;
          const holder = [staged, changed, view.records].find((records) => records.has(key));
          const stored = holder?.get(key) ?? undefined;
          // S-11: what is written while a deletion is under way comes after it, and is told from what it drops.
          const isAfter = stored?.pending && view.state.attempt?.deletion;
          const record = isAfter ? { ...stored, pending: { ...stored.pending, order: takePlace() } } : stored;
          const before = this.#options.visible(record);
          const after = produce(before, this.#seenBy(write));
          const edit = { key, value: after, now, schema: this.#options.schemaVersion, order: takePlace() };
          const outcome = editRecord(record, edit, inAttempt.has(key));
          if (outcome.type === "edited") staged.set(key, outcome.record);
          const left = { before, after };
          this.#written.set(write, left);
          return left;
        });
        for (const [key, record] of staged) changed.set(key, record);
        return { type: "written", written };
      } catch (error) {
        for (const write of writes) this.#written.delete(write);
        return { type: "refused", error };
      }
    });
    // Places are taken only by what is stored together with the taking.
    if (changed.size === 0) return { change: {}, result: { answers, places: this.#places } };
    return { change: { state, records: changed }, result: { answers, places } };
  }

  /**
   * The difference between what the app saw and what it wrote, applied to what is there now: another tab may have written
   * in between. What both changed is decided for the later write, this one, and so is what the schema does not allow.
   */
  #rebased(
    key: RecordKey,
    seen: Exclude<Seen, { type: "own" }>,
    value: JsonValue | undefined,
    current: JsonValue | undefined,
  ): JsonValue | undefined {
    if (seen.type === "stored" || jsonEquals(seen.value, current)) return value;
    const sides = { base: seen.value, local: value, remote: current };
    const merged = mergeRecords({ key, ...sides, localModifiedAt: 0, remoteModifiedAt: 0, resolver: localWins });
    if (merged.type === "asked" || merged.value === undefined) return value;
    return this.#options.isValid(merged.value) ? merged.value : value;
  }
}
