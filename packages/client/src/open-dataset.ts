// One dataset of one opened vault, with everything that the app's handles, the sync and the status share.
import {
  SyncError,
  type ConflictRecord,
  type DatasetName,
  type JsonValue,
  type LocalRecord,
  type RebaseContext,
  type RecordKey,
  type SyncErrorInfo,
} from "@holdfast/core";
import type { DatasetChange, LoadState, RecordSnapshot } from "./api.ts";
import type { DatasetReplica, Update } from "./dataset-replica.ts";
import type { Declaration } from "./declarations.ts";
import { isShallowEqual, Listeners } from "./live.ts";
import { ValueReader, type Reading } from "./value-reader.ts";
import { WriteQueue } from "./write-queue.ts";

export interface OpenDatasetOptions {
  readonly declaration: Declaration;
  readonly replica: DatasetReplica;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: () => number;
  readonly onUnwritten: (change: number) => void;
  /** A record was met that this app can't read. */
  readonly onUnreadable: () => void;
}

/** How far a pull has come. */
export interface Progress {
  readonly pulled: number;
  readonly total: number | null;
}

export class OpenDataset {
  readonly name: DatasetName;
  readonly declaration: Declaration;
  readonly replica: DatasetReplica;
  readonly queue: WriteQueue;
  /** Why the last sync could not go on, until one does. */
  error: SyncErrorInfo | null = null;
  /** Whether `error` waits for somebody to act. */
  isBlocked = false;
  /** Items of the cloud that are no records. */
  damagedItems: ReadonlyMap<string, SyncErrorInfo> = new Map();
  progress: Progress = { pulled: 0, total: null };
  readonly #ended = new Listeners();
  #isEnded = false;
  readonly #reader: ValueReader;
  readonly #onUnreadable: () => void;
  readonly #listeners = new Listeners<[DatasetChange<JsonValue>, Update]>();
  /** Keys that the declared schema or version can't read, as far as they were met. */
  readonly #unreadable = new Map<RecordKey, SyncErrorInfo>();
  readonly #snapshots = new Map<RecordKey, RecordSnapshot<JsonValue | undefined>>();
  /** Snapshots that may be out of date. */
  readonly #former = new Map<RecordKey, RecordSnapshot<JsonValue | undefined>>();
  /** Grows with every change; what was computed at another revision is out of date. */
  #revision = 0;
  #loadError: SyncErrorInfo | null = null;

  constructor({ declaration, replica, now, onUnwritten, onUnreadable }: OpenDatasetOptions) {
    this.name = declaration.name;
    this.declaration = declaration;
    this.replica = replica;
    this.#reader = new ValueReader(declaration);
    this.#onUnreadable = onUnreadable;
    this.queue = new WriteQueue({
      replica,
      now,
      schemaVersion: declaration.version === Infinity ? 1 : declaration.version,
      onUnwritten,
      isValid: (value) => this.#reader.isValid(value),
      visible: (record) => {
        this.#reader.assertWritable(record);
        return this.#reader.value(record);
      },
    });
    replica.subscribe((update) => this.#take(update));
  }

  /** What the app makes of values, for merging them. */
  get values(): Pick<RebaseContext, "version" | "upgrade" | "isValid"> {
    const { version, upgrade } = this.declaration;
    return { version, upgrade, isValid: (value) => this.#reader.isValid(value) };
  }

  /** Its vault was closed: nothing happens here any more. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  end(): void {
    this.#isEnded = true;
    this.#ended.call();
  }

  /** After each change, and at the end. */
  onNews(listener: () => void): () => void {
    const stops = [this.replica.subscribe(listener), this.#ended.add(listener)];
    return () => stops.forEach((stop) => stop());
  }

  get revision(): number {
    return this.#revision;
  }

  get loadState(): LoadState {
    return this.replica.loadState;
  }

  get loadError(): SyncErrorInfo | null {
    return this.#loadError;
  }

  get unreadable(): ReadonlyMap<RecordKey, SyncErrorInfo> {
    return this.#unreadable;
  }

  readonly subscribe = (listener: (change: DatasetChange<JsonValue>, update: Update) => void): (() => void) =>
    this.#listeners.add(listener);

  /** Reads the dataset into memory, for what is watched; a failure is told by the status, and tried again when asked. */
  load(): void {
    if (this.replica.records) return;
    this.replica.load().then(
      () => (this.#loadError = null),
      (error: unknown) => {
        this.#loadError = error instanceof SyncError ? error.info : { code: "internal", message: String(error) };
        this.#onUnreadable();
      },
    );
  }

  async get(key: RecordKey): Promise<JsonValue | undefined> {
    // What the app wrote before is there when it reads.
    if (!this.queue.isIdle) await this.queue.settled();
    const record = await this.replica.get(key);
    this.load();
    return this.#see(key, record);
  }

  async getAll(options: { prefix?: string; after?: string; limit?: number }): Promise<Map<string, JsonValue>> {
    await this.queue.settled();
    const found = new Map<string, JsonValue>();
    const { limit = Infinity } = options;
    let { after } = options;
    for (;;) {
      const request = { prefix: options.prefix, after, limit: limit === Infinity ? undefined : limit - found.size };
      const records = await this.#range(request);
      for (const record of records) {
        const value = this.#see(record.key, record);
        if (value !== undefined) found.set(record.key, value);
      }
      after = records.at(-1)?.key;
      // Removed records that wait to go up have rows as well: they take no place of the limit.
      if (request.limit === undefined || found.size >= limit || records.length < request.limit) return found;
    }
  }

  async #range(request: { prefix: string | undefined; after: string | undefined; limit: number | undefined }) {
    const { records, sortedKeys } = this.replica;
    if (!records) return this.replica.readRange(request);
    const { prefix = "", after, limit = Infinity } = request;
    const found: LocalRecord[] = [];
    for (let index = firstIndex(sortedKeys, prefix, after); index < sortedKeys.length; index += 1) {
      const key = sortedKeys[index];
      if (key === undefined || !key.startsWith(prefix) || found.length >= limit) break;
      const record = records.get(key);
      if (record) found.push(record);
    }
    return found;
  }

  /** A record as it is shown; of a loaded dataset. */
  snapshot(key: RecordKey): RecordSnapshot<JsonValue | undefined> {
    const known = this.#snapshots.get(key);
    if (known) return known;
    const record = this.replica.records?.get(key);
    const reading = this.#note(key, record);
    const next = Object.freeze({
      key,
      value: reading.type === "value" ? reading.value : undefined,
      modifiedAt: record?.modifiedAt ?? null,
      syncCount: record?.base?.syncCount ?? 0,
      ...this.#syncState(key, record, reading),
    });
    // The same object where nothing of it has changed, so that nothing is rendered anew for it.
    const former = this.#former.get(key);
    this.#former.delete(key);
    const snapshot = former && isShallowEqual(former, next) ? former : next;
    this.#snapshots.set(key, snapshot);
    return snapshot;
  }

  #syncState(
    key: RecordKey,
    record: LocalRecord | undefined,
    reading: Reading,
  ): Pick<RecordSnapshot<unknown>, "syncState" | "error"> {
    const unreadable = reading.type === "unreadable" ? reading.error : null;
    if (!this.replica.records) return { syncState: "loading", error: null };
    if (record?.hold?.type === "conflict") return { syncState: "conflict", error: unreadable };
    if (record?.hold?.type === "rejected") return { syncState: "rejected", error: record.hold.error };
    if (!record?.pending) return { syncState: "synced", error: unreadable };
    const isSending = this.replica.isSending(key);
    return { syncState: isSending ? "sending" : "pending", error: unreadable };
  }

  #see(key: RecordKey, record: LocalRecord | undefined): JsonValue | undefined {
    const reading = this.#note(key, record);
    return reading.type === "value" ? reading.value : undefined;
  }

  #note(key: RecordKey, record: LocalRecord | undefined): Reading {
    const reading = this.#reader.read(record);
    const isNoted = record?.base?.content.type === "unreadable"; // by the replica's attention
    if (reading.type !== "unreadable" || isNoted) {
      this.#unreadable.delete(key);
    } else if (!this.#unreadable.has(key)) {
      this.#unreadable.set(key, reading.error);
      // Not now: a snapshot may be read while a page is being rendered.
      queueMicrotask(this.#onUnreadable);
    }
    return reading;
  }

  #take(update: Update): void {
    this.#revision += 1;
    if (update.keys === null) {
      for (const [key, snapshot] of this.#snapshots) this.#former.set(key, snapshot);
      this.#snapshots.clear();
      this.#listeners.call({ type: "reset" }, update);
      return;
    }
    for (const key of update.keys) {
      const snapshot = this.#snapshots.get(key);
      if (snapshot) this.#former.set(key, snapshot);
      this.#snapshots.delete(key);
    }
    const { origin, values: keys, conflicts } = update;
    const shown: readonly ConflictRecord[] = conflicts;
    this.#listeners.call({ type: "changed", origin, keys, conflicts: shown }, update);
  }
}

/** Of the first key that is `prefix` or later, and after `after`. */
function firstIndex(sortedKeys: readonly string[], prefix: string, after: string | undefined): number {
  let low = 0;
  let high = sortedKeys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const key = sortedKeys[middle] ?? "";
    if (key < prefix || (after !== undefined && key <= after)) low = middle + 1;
    else high = middle;
  }
  return low;
}
