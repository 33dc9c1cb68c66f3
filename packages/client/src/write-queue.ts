// An app's writes to one dataset. What arrives together becomes one transaction: calls that are not awaited one by one
// share it, and while one is under way the next gathers.
import {
  editGroup,
  editRecord,
  jsonEquals,
  layersOf,
  localWins,
  mergeRecords,
  SyncError,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type ReplicaState,
  type Selection,
  type View,
} from "@holdfast/core";
import type { DatasetReplica } from "./dataset-replica.ts";
import { TransactionRun, type TransactionWriter } from "./transaction.ts";

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
interface WriteJob {
  readonly type: "writes";
  readonly writes: readonly Write[];
  readonly resolve: (written: readonly Written[]) => void;
  readonly reject: (error: unknown) => void;
}

/** A function of the app's that reads and writes, alone when its turn has come. Never rejects. */
interface TransactionJob {
  readonly type: "transaction";
  readonly run: () => Promise<void>;
}

type Job = WriteJob | TransactionJob;

/** Runs of one transaction whose reads were out of date before it could be stored: far more than other tabs cause. */
const transactionRunsMax = 100;

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

  /**
   * `work` runs when its turn comes, after every earlier write, and again where what it read has changed meanwhile. What it
   * writes is one group (S-16). @throws SyncError `transaction-too-large`, `aborted`, and what `work` throws
   */
  transaction<R>(work: (tx: TransactionWriter) => R | Promise<R>): Promise<R> {
    this.#options.onUnwritten(1);
    return new Promise<R>((resolve, reject) => {
      const run = () =>
        this.#transact(work)
          .then(resolve, reject)
          .finally(() => this.#options.onUnwritten(-1));
      this.#push({ type: "transaction", run });
    });
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

  /** As the app reads it: nothing where it can't. */
  #shown(record: LocalRecord | undefined): JsonValue | undefined {
    try {
      return this.#options.visible(record);
    } catch {
      return undefined;
    }
  }

  #add(writes: readonly Write[]): Promise<readonly Written[]> {
    this.#options.onUnwritten(writes.length);
    return new Promise((resolve, reject) => this.#push({ type: "writes", writes, resolve, reject }));
  }

  #push(job: Job): void {
    this.#jobs.push(job);
    this.#flushing ??= this.#flush();
  }

  async #flush(): Promise<void> {
    // Let what the app writes in the same turn come together.
    await Promise.resolve();
    for (let job; (job = this.#jobs[0]);) {
      if (job.type === "transaction") {
        this.#jobs.shift();
        await job.run();
        continue;
      }
      const end = this.#jobs.findIndex(({ type }) => type === "transaction");
      const jobs = this.#jobs.splice(0, end < 0 ? this.#jobs.length : end);
      await this.#write(jobs.filter((one) => one.type === "writes"));
    }
    this.#ownWrites.clear();
    this.#flushing = null;
  }

  async #write(jobs: readonly WriteJob[]): Promise<void> {
    let answers: readonly Answer[];
    try {
      const keys = [...new Set(jobs.flatMap(({ writes }) => writes.map(({ key }) => key)))];
      const applied = await this.#options.replica.transact("here", this.#selection(keys, "none"), (view) =>
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

  /** An edit lets go what was refused, and with it its whole group. */
  #selection(keys: readonly RecordKey[], groups: "none" | "newest"): Selection {
    const { attention } = this.#options.replica;
    const isHeld = keys.some((key) => attention.get(key)?.pending?.group !== undefined);
    return { type: "keys", keys, groups: isHeld ? "all" : groups };
  }

  async #transact<R>(work: (tx: TransactionWriter) => R | Promise<R>): Promise<R> {
    const { replica } = this.#options;
    const read = async (key: RecordKey) => this.#shown(await replica.get(key));
    for (let runs = 0; runs < transactionRunsMax; runs += 1) {
      const tx = new TransactionRun(read);
      const result = await tx.run(work);
      if (tx.writes.size === 0) return result;
      const seen = new Map([...tx.writes.keys()].map((key) => [key, this.#inMemory(key)]));
      const keys = [...new Set([...tx.seen.keys(), ...tx.writes.keys()])];
      const stored = await replica.transact("here", this.#selection(keys, "newest"), (view) => {
        if (!tx.holds((key) => this.#shown(view.records.get(key)))) return { change: {}, result: null };
        return this.#applyGroup(tx, seen, view);
      });
      if (stored !== null) {
        this.#places = stored;
        return result;
      }
      // Another tab has written, and its message is still under way, or never comes.
      await replica.refresh(keys);
    }
    throw contended();
  }

  #applyGroup(tx: TransactionRun, seen: ReadonlyMap<RecordKey, Seen>, view: View) {
    const now = this.#options.now();
    const taken = this.#placing(view);
    const order = taken.take(
      Math.max(0, ...[...tx.writes.keys()].map((key) => view.records.get(key)?.pending?.order ?? 0)),
    );
    const dropped = droppedIn(view);
    const records = new Map(view.records);
    for (const key of tx.writes.keys()) {
      const record = records.get(key);
      if (record) records.set(key, afterDeletion(record, dropped, order));
    }
    const edits = [...tx.writes].map(([key, value]) => {
      const current = this.#options.visible(records.get(key));
      const from = seen.get(key);
      // What it read is proved to be what is stored; what it writes without reading is a difference to what it could see.
      const isRead = tx.seen.has(key) || value === undefined || from?.type !== "value";
      const after = isRead ? value : this.#rebased(key, from, value, current);
      return { key, value: after, now, schema: this.#options.schemaVersion, order };
    });
    const changed = editGroup(records, edits, inAttempt(view));
    if (changed.size === 0) return { change: {}, result: this.#places };
    return { change: { state: taken.state(), records: changed }, result: taken.places() };
  }

  /** Gives out places of the outbox. */
  #placing({ state: stored }: View) {
    let places = this.#places;
    let state: ReplicaState | undefined;
    return {
      places: () => places,
      /** undefined: it need not be stored. */
      state: () => state,
      /** `above`: what it is written upon goes up before it, also where another tab has given that its place. */
      take: (above = 0): number => {
        if (places.next >= places.end || places.next <= above) {
          const { nextOrder } = state ?? stored;
          places = { next: nextOrder, end: nextOrder + placesTaken };
          state = { ...stored, nextOrder: places.end };
        }
        places = { ...places, next: places.next + 1 };
        return places.next - 1;
      },
    };
  }

  #apply(jobs: readonly WriteJob[], view: View) {
    const changed = new Map<RecordKey, LocalRecord | null>();
    const sent = inAttempt(view);
    const dropped = droppedIn(view);
    const now = this.#options.now();
    const taken = this.#placing(view);
    const answers = jobs.map(({ writes }): Answer => {
      // A job that is refused half-way leaves nothing behind.
      const staged = new Map<RecordKey, LocalRecord | null>();
      try {
        const written = writes.map((write): Written => {
          const { key, produce } = write;
          const holder = [staged, changed, view.records].find((records) => records.has(key));
          const stored = holder?.get(key) ?? undefined;
          const record =
            stored && dropped.has(key) ? afterDeletion(stored, dropped, taken.take(stored.pending?.order)) : stored;
          const before = this.#options.visible(record);
          const after = produce(before, this.#seenBy(write));
          const edit = { key, value: after, now, schema: this.#options.schemaVersion, order: taken.take() };
          const outcome = editRecord(record, edit, sent.has(key));
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
    return { change: { state: taken.state(), records: changed }, result: { answers, places: taken.places() } };
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

const inAttempt = ({ state }: View): ReadonlySet<RecordKey> => new Set(state.attempt?.records.map(({ key }) => key));

/** S-11: places of the edits that go with the deletion that is under way. */
const droppedIn = ({ state }: View): ReadonlyMap<RecordKey, number> =>
  new Map(state.attempt?.deletion?.dropped.map(({ key, order }) => [key, order]));

/**
 * S-11: what is written while a deletion is under way comes after it, and is told from what it drops by its place. Where
 * the deletion never lands, what it would have dropped is still one with its group (S-16).
 */
function afterDeletion(record: LocalRecord, dropped: ReadonlyMap<RecordKey, number>, order: number): LocalRecord {
  const { pending, key } = record;
  if (!pending || dropped.get(key) !== pending.order) return record;
  const group = pending.group && { sealed: layersOf(record) };
  return { ...record, pending: { ...pending, order, group } };
}

const contended = (): SyncError =>
  new SyncError({
    code: "internal",
    message: `What a transaction read was changed ${transactionRunsMax} times before it could be stored, by other tabs. Nothing was written; try again.`,
  });
