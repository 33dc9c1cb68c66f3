// The app's handle of a dataset. It holds nothing itself: every call goes to the vault of the current identity, or to the
// one that it was pinned to.
import { parseRecordKey, SyncError, type DatasetName, type JsonValue, type RecordKey } from "@holdfast/core";
import { produce, type Draft } from "immer";
import type {
  Dataset,
  DatasetChange,
  DatasetReport,
  DatasetSnapshot,
  DatasetStatus,
  DatasetWriter,
  JsonCompatible,
  Live,
  QueryOptions,
  QuerySnapshot,
  RecordSnapshot,
  VerifyReport,
  Wait,
} from "./api.ts";
import { watchRecord, watchRecords } from "./dataset-lives.ts";
import { DatasetQuery } from "./dataset-query.ts";
import { FollowingLive, type DatasetSource } from "./following-live.ts";
import type { OpenDataset } from "./open-dataset.ts";
import type { TransactionWriter } from "./transaction.ts";
import { withSignal } from "./waiting.ts";
import { cached } from "./weak-cache.ts";
import type { WhenSynced } from "./when-synced.ts";

export interface DatasetHost extends DatasetSource {
  /** Copies and checks what the app wants to write. @throws SyncError `invalid-key`, `invalid-value`, `value-too-large` */
  readonly check: (key: string, value: unknown) => readonly [RecordKey, JsonValue];
  /**
   * Works with the dataset: at once where it is open, else as soon as it is, in the order of the calls.
   * @throws SyncError `identity-changed`, `invalid-name`, and what opening throws
   */
  readonly use: <R>(work: (dataset: OpenDataset) => Promise<R>) => Promise<R>;
  readonly statusOf: (dataset: OpenDataset) => Live<DatasetStatus>;
  readonly synchronize: (dataset: OpenDataset) => Promise<DatasetReport>;
  readonly verify: (dataset: OpenDataset) => Promise<VerifyReport>;
  readonly deleteEverywhere: (dataset: OpenDataset) => Promise<void>;
  readonly whenSynced: (dataset: OpenDataset, options: WhenSynced) => Promise<void>;
}

const loadingStatus: DatasetStatus = Object.freeze({
  ...{ state: "loading", pending: 0, pulled: 0, total: null, lastSyncedAt: null, error: null },
} as const);

const loadingRecords: DatasetSnapshot<JsonValue> = Object.freeze({ state: "loading", records: new Map() });

export class DatasetHandle<T extends JsonCompatible<T>> implements Dataset<T> {
  readonly name: DatasetName;
  readonly status: Live<DatasetStatus>;
  readonly #host: DatasetHost;
  readonly #records: FollowingLive<DatasetSnapshot<JsonValue>>;
  readonly #record = cached((key: RecordKey) => this.#watchRecord(key));

  constructor(name: DatasetName, host: DatasetHost) {
    this.name = name;
    this.#host = host;
    this.#records = new FollowingLive(host, loadingRecords, watchRecords);
    this.status = new FollowingLive(host, loadingStatus, (dataset) => host.statusOf(dataset));
  }

  readonly getSnapshot = (): DatasetSnapshot<T> => asDeclared<DatasetSnapshot<T>>(this.#records.getSnapshot());
  readonly getServerSnapshot = (): DatasetSnapshot<T> =>
    asDeclared<DatasetSnapshot<T>>(this.#records.getServerSnapshot());

  readonly subscribe = (listener: (change: DatasetChange<T>) => void): (() => void) => {
    const watch = (dataset: OpenDataset | null): (() => void) => {
      dataset?.load();
      return (
        dataset?.subscribe((change, update) => {
          const isShown =
            change.type === "reset" || change.keys.size > 0 || change.conflicts.length > 0 || update.loadStateChanged;
          if (isShown) listener(asDeclared<DatasetChange<T>>(change));
        }) ?? (() => {})
      );
    };
    let shown = this.#host.current();
    let stop = watch(shown);
    const stopFollowing = this.#host.onSwitch(() => {
      const next = this.#host.current();
      if (next === shown) return;
      stop();
      shown = next;
      stop = watch(next);
      listener({ type: "reset" });
    });
    return () => {
      stopFollowing();
      stop();
    };
  };

  async get(key: string): Promise<T | undefined> {
    const parsed = parseRecordKey(key);
    return asDeclared<T | undefined>(await this.#host.use((open) => open.get(parsed)));
  }

  async getAll(options: { prefix?: string; after?: string; limit?: number } = {}): Promise<Map<string, T>> {
    const { limit } = options;
    if (limit !== undefined && !(limit >= 0)) throw invalid("limit", "a number from 0 up");
    if (limit === 0) return new Map();
    return asDeclared<Map<string, T>>(await this.#host.use((open) => open.getAll(options)));
  }

  async put(key: string, value: T): Promise<void> {
    await this.bulkPut([[key, value]]);
  }

  async bulkPut(entries: Iterable<readonly [key: string, value: T]>): Promise<void> {
    // The values are copied now: what the caller does with them afterwards is the caller's.
    const copies = [...entries].map(([key, value]) => this.#host.check(key, value));
    await this.#host.use((open) => open.queue.put(copies));
  }

  async update(key: string, recipe: (draft: Draft<T>) => void | T | Draft<T>, options?: { initial: T }): Promise<T> {
    const parsed = parseRecordKey(key);
    const edit = this.#editOf(key, recipe, options);
    return asDeclared<T>(await this.#host.use((open) => open.queue.update(parsed, edit)));
  }

  async remove(key: string): Promise<T | undefined> {
    const parsed = parseRecordKey(key);
    return asDeclared<T | undefined>(await this.#host.use((open) => open.queue.remove(parsed)));
  }

  async transaction<R>(write: (tx: DatasetWriter<T>) => R | Promise<R>): Promise<R> {
    return this.#host.use((open) => open.queue.transaction((tx) => write(this.#writer(tx))));
  }

  #writer(tx: TransactionWriter): DatasetWriter<T> {
    return {
      get: (key) => asDeclared<Promise<T | undefined>>(tx.get(parseRecordKey(key))),
      put: (key, value) => tx.put(...this.#host.check(key, value)),
      remove: (key) => tx.remove(parseRecordKey(key)),
      update: (key, recipe, options) =>
        asDeclared<Promise<T>>(tx.update(parseRecordKey(key), this.#editOf(key, recipe, options))),
    };
  }

  #editOf(key: string, recipe: (draft: Draft<T>) => void | T | Draft<T>, options: { initial: T } | undefined) {
    const initial = options ? this.#host.check(key, options.initial)[1] : undefined;
    return (current: JsonValue | undefined): JsonValue => {
      const from = current ?? initial;
      if (from === undefined) throw notFound(this.name, key);
      return this.#host.check(key, produce(from, asDeclared<(draft: unknown) => JsonValue>(recipe)))[1];
    };
  }

  record(key: string): Live<RecordSnapshot<T | undefined>> {
    return asDeclared<Live<RecordSnapshot<T | undefined>>>(this.#record(parseRecordKey(key)));
  }

  query(options: QueryOptions<T> = {}): Live<QuerySnapshot<T>> {
    const loading: QuerySnapshot<JsonValue> = Object.freeze({ state: "loading", rows: Object.freeze([]), total: 0 });
    const inside = asDeclared<QueryOptions<JsonValue>>(options);
    const live = new FollowingLive(this.#host, loading, (dataset) => new DatasetQuery(dataset, inside));
    return asDeclared<Live<QuerySnapshot<T>>>(live);
  }

  whenSynced(options: Wait & { key?: string } = {}): Promise<void> {
    const { key, signal } = options;
    return withSignal(async () => {
      const parsed = key === undefined ? null : parseRecordKey(key);
      await this.#host.use((open) => this.#host.whenSynced(open, { key: parsed, signal }));
    }, signal);
  }

  synchronize({ signal }: Wait = {}): Promise<DatasetReport> {
    return withSignal(() => this.#host.use(this.#host.synchronize), signal);
  }

  verify({ signal }: Wait = {}): Promise<VerifyReport> {
    return withSignal(() => this.#host.use(this.#host.verify), signal);
  }

  async deleteEverywhere(): Promise<void> {
    await this.#host.use(this.#host.deleteEverywhere);
  }

  #watchRecord(key: RecordKey): Live<RecordSnapshot<JsonValue | undefined>> {
    const loading = Object.freeze({
      ...{ key, value: undefined, modifiedAt: null, syncCount: 0, syncState: "loading", error: null },
    } as const);
    return new FollowingLive<RecordSnapshot<JsonValue | undefined>>(this.#host, loading, (dataset) =>
      watchRecord(dataset, key),
    );
  }
}

/**
 * Inside, every value is JSON; outside, it has the type that the app declared. Nothing but the dataset's schema proves
 * that the two are one, so this is the only passage.
 */
const asDeclared = <D>(inside: unknown): D => inside as D;

const notFound = (dataset: string, key: string): SyncError =>
  new SyncError({
    code: "not-found",
    message: `There is no record ${JSON.stringify(key)} in "${dataset}". Use put, or give update an \`initial\` value.`,
    dataset,
    key,
  });

const invalid = (what: string, wanted: string): SyncError =>
  new SyncError({ code: "invalid-value", message: `\`${what}\` is not ${wanted}. Nothing was read.` });
