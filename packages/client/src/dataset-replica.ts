// One dataset in one vault: what is in memory of it, and every write to it. All tabs and the sync loop go through
// `transact`, so whatever is committed reaches the memory, the listeners and the other tabs in the same order.
import {
  alignGroups,
  emptyReplica,
  isSendable,
  needsAttention,
  jsonEquals,
  type ConflictRecord,
  type DatasetName,
  type Disagreement,
  type LocalRecord,
  type RecordKey,
  type ReplicaState,
  type Change,
  type Selection,
  type View,
} from "@holdfast/core";
import type { LoadState } from "./api.ts";
import { Listeners } from "./live.ts";
import type { RangeRequest, Summary, Vault } from "./local-store.ts";

export type Origin = "here" | "tab" | "cloud";

/** What a commit changed, for those who show it. */
export interface Update {
  readonly origin: Origin;
  /** null: everything may have changed (the records were just read). */
  readonly keys: ReadonlySet<RecordKey> | null;
  /** Those of `keys` whose value changed. */
  readonly values: ReadonlySet<RecordKey>;
  readonly conflicts: readonly ConflictRecord[];
  readonly loadStateChanged: boolean;
}

/** What other tabs are told; they read the records again by themselves. */
export interface TabMessage {
  readonly dataset: DatasetName;
  /** null: too many to name. */
  readonly keys: readonly RecordKey[] | null;
}

/** Above so many changed keys other tabs read the dataset anew. */
const announcedKeysMax = 1_000;

const noKeys: ReadonlySet<RecordKey> = new Set();

export class DatasetReplica {
  readonly name: DatasetName;
  /** S-10: a listing that did not add up to its head, while it is waited for. */
  disagreement: Disagreement | null = null;
  readonly #vault: Vault;
  readonly #announce: (message: TabMessage) => void;
  readonly #neverSynced: boolean;
  readonly #listeners = new Listeners<[Update]>();
  #records: Map<RecordKey, LocalRecord> | null = null;
  #sortedKeys: readonly RecordKey[] | null = null;
  #state: ReplicaState = emptyReplica;
  #loading: Promise<void> | null = null;
  #last: Promise<unknown> = Promise.resolve();
  #damaged: readonly RecordKey[] = [];
  #sending: { readonly attempt: ReplicaState["attempt"]; readonly keys: ReadonlySet<RecordKey> } = {
    attempt: null,
    keys: noKeys,
  };
  #rows = 0;
  #outbox = 0;
  #attention = new Map<RecordKey, LocalRecord>();

  constructor(options: {
    name: DatasetName;
    vault: Vault;
    announce: (message: TabMessage) => void;
    /** `sync: "never"`: there is no cloud that could hold more. */
    neverSynced: boolean;
    /** null: nothing of it is here yet. */
    summary: Summary | null;
  }) {
    this.name = options.name;
    this.#vault = options.vault;
    this.#announce = options.announce;
    this.#neverSynced = options.neverSynced;
    if (options.summary) this.#takeSummary(options.summary);
  }

  readonly subscribe = (listener: (update: Update) => void): (() => void) => this.#listeners.add(listener);

  /** null until `load` has read them. */
  get records(): ReadonlyMap<RecordKey, LocalRecord> | null {
    return this.#records;
  }

  get state(): ReplicaState {
    return this.#state;
  }

  /** Records in the local store; removed ones that wait to go up are among them. */
  get rows(): number {
    return this.#rows;
  }

  /** Records that wait to go up, and may. */
  get outbox(): number {
    return this.#outbox;
  }

  /** Records that are held back, or unreadable. */
  get attention(): ReadonlyMap<RecordKey, LocalRecord> {
    return this.#attention;
  }

  isSending(key: RecordKey): boolean {
    const { attempt } = this.#state;
    if (this.#sending.attempt !== attempt) {
      this.#sending = { attempt, keys: new Set(attempt?.records.map((sent) => sent.key)) };
    }
    return this.#sending.keys.has(key);
  }

  /** Keys of rows that can't be parsed, as far as they were met. */
  get damaged(): readonly RecordKey[] {
    return this.#damaged;
  }

  get loadState(): LoadState {
    if (this.#records === null) return "loading";
    return this.#state.checkpoint !== null || this.#neverSynced ? "complete" : "partial";
  }

  /** Keys in order; of a loaded dataset only. */
  get sortedKeys(): readonly RecordKey[] {
    return (this.#sortedKeys ??= [...(this.#records?.keys() ?? [])].sort());
  }

  /** Reads all records into memory, once; later reads are answered from there. */
  load(): Promise<void> {
    if (this.#records) return Promise.resolve();
    this.#loading ??= this.#readAll().finally(() => {
      this.#loading = null;
    });
    return this.#loading;
  }

  async #readAll(): Promise<void> {
    await this.#inTurn(async () => this.#takeWhole(await this.#vault.read(this.name, { type: "all" })));
    this.#listeners.call({ origin: "here", keys: null, values: noKeys, conflicts: [], loadStateChanged: true });
  }

  async get(key: RecordKey): Promise<LocalRecord | undefined> {
    if (this.#records) return this.#records.get(key);
    return (await this.read({ type: "keys", keys: [key] })).records.get(key);
  }

  async read(selection: Selection): Promise<View> {
    const view = await this.#vault.read(this.name, selection);
    if (this.#noteDamage(view.damaged)) {
      this.#listeners.call({ origin: "here", keys: noKeys, values: noKeys, conflicts: [], loadStateChanged: false });
    }
    return view;
  }

  readRange(range: RangeRequest): Promise<readonly LocalRecord[]> {
    return this.#vault.readRange(this.name, range);
  }

  /** One transaction: reads, decides, writes; then memory, listeners and other tabs are told, in this order. */
  transact<R>(
    origin: Origin,
    selection: Selection,
    decide: (view: View) => { readonly change: Change; readonly result: R },
  ): Promise<R> {
    return this.#inTurn(() => this.#transact(origin, selection, decide));
  }

  /** What is read of the store and what is known of a commit reach the memory in the order in which they happened. */
  #inTurn<R>(work: () => Promise<R>): Promise<R> {
    const done = this.#last.then(work);
    this.#last = done.catch(() => {});
    return done;
  }

  async #transact<R>(
    origin: Origin,
    selection: Selection,
    decide: (view: View) => { readonly change: Change; readonly result: R },
  ): Promise<R> {
    let change: Change = {};
    let before: View["records"] = new Map();
    const result = await this.#vault.transact(this.name, selection, (view) => {
      this.#noteDamage(view.damaged);
      const { change: decided, result } = decide(view);
      // S-16: what holds one record of a group back holds all of them.
      const records = decided.records && alignGroups(view.records, decided.records, view.isClosed);
      change = { ...decided, records };
      before = view.records;
      return { change, result };
    });
    this.#count(before, change);
    // What another tab had just written may have been counted down and never up: zero is believed only when it was read.
    if (this.#records === null && this.#outbox <= 0 && [...before.values()].some(isSendable)) {
      this.#outbox = 1;
      this.#outbox = (await this.#vault.summarize(this.name)).outbox;
    }
    this.#take(origin, change);
    return result;
  }

  /** `before` holds every record that the change touches, as far as it was there: the selection names them. */
  #count(before: View["records"], { records }: Change): void {
    for (const [key, record] of records ?? []) {
      const old = before.get(key);
      this.#rows += Number(record !== null) - Number(old !== undefined || this.#damaged.includes(key));
      if (this.#records === null) this.#outbox += waiting(record) - waiting(old);
      this.#noteAttention(key, record);
    }
  }

  #noteAttention(key: RecordKey, record: LocalRecord | null): void {
    if (record && needsAttention(record)) this.#attention.set(key, record);
    else this.#attention.delete(key);
  }

  #takeSummary({ state, records, outbox, attention }: Summary): void {
    this.#state = state;
    this.#rows = records;
    // In memory each record is known: what waits among them is counted with them, in the order in which it is learned.
    if (this.#records) return;
    this.#outbox = outbox;
    this.#attention = new Map(attention.map((record) => [record.key, record]));
  }

  /** Removes every record here; of a dataset that is never synced. */
  clear(): Promise<void> {
    return this.transact("here", { type: "all" }, ({ records, damaged }) => {
      const keys = [...records.keys(), ...damaged];
      return { change: { records: new Map(keys.map((key) => [key, null])) }, result: undefined };
    });
  }

  /**
   * Before a sync: another tab may have committed, and its message may still be under way, or never come where the tab
   * crashed before it told of it. Then everything is read again.
   */
  refreshUnheard(): Promise<void> {
    return this.#inTurn(async () => {
      const summary = await this.#vault.summarize(this.name);
      if (this.#isHeard(summary)) this.#state = summary.state;
      else await this.#refresh(null);
    });
  }

  #isHeard({ state, records, outbox, attention }: Summary): boolean {
    const { checkpoint, attempt } = this.#state;
    return (
      state.checkpoint?.commit === checkpoint?.commit &&
      state.attempt?.commit === attempt?.commit &&
      records === this.#rows &&
      outbox === this.#outbox &&
      attention.length === this.#attention.size
    );
  }

  /** Another tab has committed: what it changed is read again. */
  refresh(keys: readonly RecordKey[] | null): Promise<void> {
    return this.#inTurn(() => this.#refresh(keys));
  }

  async #refresh(keys: readonly RecordKey[] | null): Promise<void> {
    const before = this.loadState;
    const attempted = this.#state.attempt;
    const selection: Selection = this.#records && keys === null ? { type: "all" } : { type: "keys", keys: keys ?? [] };
    const [summary, view] = await Promise.all([
      this.#vault.summarize(this.name),
      this.#vault.read(this.name, selection),
    ]);
    this.#takeSummary(summary);
    if (selection.type === "all") {
      this.#takeWhole(view);
      this.#listeners.call({ origin: "tab", keys: null, values: noKeys, conflicts: [], loadStateChanged: true });
      return;
    }
    const records = new Map(selection.keys.map((key) => [key, view.records.get(key) ?? null] as const));
    const values = this.#store(records);
    const touched = new Set([...records.keys(), ...this.#resent(attempted)]);
    const loadStateChanged = before !== this.loadState;
    this.#listeners.call({ origin: "tab", keys: touched, values, conflicts: [], loadStateChanged });
  }

  #takeWhole(view: View): void {
    // An equal value stays the same object.
    const before = this.#records;
    const kept = [...view.records].map(([key, record]) => {
      const known = before?.get(key);
      return [
        key,
        known && jsonEquals(known.value, record.value) ? { ...record, value: known.value } : record,
      ] as const;
    });
    this.#records = new Map(kept);
    this.#outbox = kept.reduce((sum, [, record]) => sum + waiting(record), 0);
    this.#attention = new Map(kept.filter(([, record]) => needsAttention(record)));
    this.#sortedKeys = null;
    this.#state = view.state;
    this.#damaged = view.damaged;
  }

  #take(origin: Origin, change: Change): void {
    if (!change.state && !change.records?.size && !change.conflicts?.length && !change.removedConflicts?.length) return;
    this.#apply(origin, change);
    const keys = [...(change.records?.keys() ?? [])];
    this.#announce({ dataset: this.name, keys: keys.length <= announcedKeysMax ? keys : null });
  }

  #apply(origin: Origin, change: Change): void {
    const before = this.loadState;
    const attempted = this.#state.attempt;
    if (change.state) this.#state = change.state;
    const keys = new Set([...(change.records?.keys() ?? []), ...this.#resent(attempted)]);
    const values = this.#store(change.records);
    const conflicts = change.conflicts ?? [];
    const loadStateChanged = before !== this.loadState;
    this.#listeners.call({ origin, keys, values, conflicts, loadStateChanged });
  }

  /** A record is shown as being sent while its attempt is open: those of the attempt before, and of the one now. */
  #resent(before: ReplicaState["attempt"]): readonly RecordKey[] {
    const now = this.#state.attempt;
    if (before?.commit === now?.commit) return [];
    return [...(before?.records ?? []), ...(now?.records ?? [])].map(({ key }) => key);
  }

  /** Puts what changed into memory; returns the keys whose value is another one now. */
  #store(changed: Change["records"]): ReadonlySet<RecordKey> {
    if (!changed) return noKeys;
    this.#damaged = this.#damaged.filter((key) => !changed.has(key));
    if (!this.#records) return new Set(changed.keys());
    const values = new Set<RecordKey>();
    for (const [key, record] of changed) {
      const before = this.#records.get(key);
      const same = jsonEquals(before?.value, record?.value);
      if (!same) values.add(key);
      this.#outbox += waiting(record) - waiting(before);
      this.#noteAttention(key, record);
      // An equal value stays the same object, so that nothing is rendered anew for it.
      if (record) this.#records.set(key, same && before ? { ...record, value: before.value } : record);
      else this.#records.delete(key);
      if ((before === undefined) !== (record === null)) this.#sortedKeys = null;
    }
    return values;
  }

  /** Whether any of them is new. */
  #noteDamage(keys: readonly RecordKey[]): boolean {
    const fresh = keys.filter((key) => !this.#damaged.includes(key));
    if (fresh.length > 0) this.#damaged = [...this.#damaged, ...fresh];
    return fresh.length > 0;
  }
}

/** 1 where the record waits to go up, and may. */
const waiting = (record: LocalRecord | null | undefined): number => Number(record != null && isSendable(record));
