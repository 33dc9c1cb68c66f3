// One run of an app's `transaction()`: what it reads and what it wants written, until the function has ended. Nothing is
// stored here. The function may run again, where what it read has changed before it could be stored.
import { jsonEquals, SyncError, type JsonValue, type RecordKey } from "@holdfast/core";
import { nextTurn } from "./next-turn.ts";

/** What the function works with. Keys and values are checked already. */
export interface TransactionWriter {
  get(key: RecordKey): Promise<JsonValue | undefined>;
  put(key: RecordKey, value: JsonValue): void;
  remove(key: RecordKey): void;
  update(key: RecordKey, produce: (current: JsonValue | undefined) => JsonValue): Promise<JsonValue>;
}

/** The record's value as it is stored; undefined: absent, or nothing that this app can read. */
type Read = (key: RecordKey) => Promise<JsonValue | undefined>;

export class TransactionRun implements TransactionWriter {
  readonly #read: Read;
  /** What the function saw of stored records, by key. */
  readonly #seen = new Map<RecordKey, JsonValue | undefined>();
  /** undefined: to be removed. */
  readonly #writes = new Map<RecordKey, JsonValue | undefined>();
  readonly #calls: Promise<unknown>[] = [];
  #callsOpen = 0;
  #isEnded = false;
  #giveUp: (error: SyncError) => void = () => {};

  constructor(read: Read) {
    this.#read = read;
  }

  get writes(): ReadonlyMap<RecordKey, JsonValue | undefined> {
    return this.#writes;
  }

  get seen(): ReadonlyMap<RecordKey, JsonValue | undefined> {
    return this.#seen;
  }

  /** Whether the function would see the same now. */
  holds(current: (key: RecordKey) => JsonValue | undefined): boolean {
    return [...this.#seen].every(([key, value]) => jsonEquals(value, current(key)));
  }

  /** @throws what `work` throws, and SyncError `aborted` where it awaits something else than this */
  async run<R>(work: (tx: TransactionWriter) => R | Promise<R>): Promise<R> {
    const givenUp = new Promise<never>((_, reject) => (this.#giveUp = reject));
    givenUp.catch(() => {});
    try {
      const working = this.#work(work);
      this.#watch();
      return await Promise.race([working, givenUp]);
    } finally {
      this.#isEnded = true;
    }
  }

  get(key: RecordKey): Promise<JsonValue | undefined> {
    return this.#call(() => this.#current(key));
  }

  put(key: RecordKey, value: JsonValue): void {
    this.#assertOpen();
    this.#writes.set(key, value);
  }

  remove(key: RecordKey): void {
    this.#assertOpen();
    this.#writes.set(key, undefined);
  }

  update(key: RecordKey, produce: (current: JsonValue | undefined) => JsonValue): Promise<JsonValue> {
    return this.#call(async () => {
      const value = produce(await this.#current(key));
      this.#writes.set(key, value);
      return value;
    });
  }

  async #work<R>(work: (tx: TransactionWriter) => R | Promise<R>): Promise<R> {
    const result = await work(this);
    // What the function asked for and did not await belongs to it.
    for (let call; (call = this.#calls.shift());) await call;
    this.#isEnded = true;
    return result;
  }

  async #current(key: RecordKey): Promise<JsonValue | undefined> {
    if (this.#writes.has(key)) return this.#writes.get(key);
    if (this.#seen.has(key)) return this.#seen.get(key);
    const value = await this.#read(key);
    // Something may have been written while it was read.
    if (!this.#seen.has(key)) this.#seen.set(key, value);
    return this.#writes.has(key) ? this.#writes.get(key) : this.#seen.get(key);
  }

  #call<R>(work: () => Promise<R>): Promise<R> {
    if (this.#isEnded) return Promise.reject(ended());
    this.#callsOpen += 1;
    const call = work().finally(() => {
      this.#callsOpen -= 1;
      this.#watch();
    });
    this.#calls.push(call);
    // One that the function does not await fails the whole, which is told once.
    call.catch(() => {});
    return call;
  }

  /**
   * A function that waits neither for a call of its own nor has ended after a turn of the event loop waits for something
   * else: a request, a timer, another write. Later writes would wait as long, and one that it awaits for ever.
   */
  #watch(): void {
    void nextTurn().then(() => {
      if (this.#isEnded || this.#callsOpen > 0) return;
      this.#isEnded = true;
      this.#giveUp(foreign());
    });
  }

  #assertOpen(): void {
    if (this.#isEnded) throw ended();
  }
}

const foreign = (): SyncError =>
  new SyncError({
    code: "aborted",
    message:
      "The function given to transaction() awaited something else than its own `tx`: a request, a timer, or another write. Nothing was written. Await that first, then begin the transaction.",
  });

const ended = (): SyncError =>
  new SyncError({
    code: "aborted",
    message:
      "The transaction has ended: `tx` is for the function given to transaction(), until it returns. Nothing was written by this call.",
  });
