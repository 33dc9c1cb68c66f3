// What can be watched of one opened dataset. Nothing is computed before it is asked for; what is not subscribed to is
// brought up to date when it is read.
import type { DatasetSnapshot, Live, RecordSnapshot } from "./api.ts";
import type { RecordKey, JsonValue } from "@holdfast/core";
import type { OpenDataset } from "./open-dataset.ts";
import type { Update } from "./dataset-replica.ts";

/** A snapshot that is computed from the dataset at its revision. */
class DerivedLive<S> implements Live<S> {
  readonly #dataset: OpenDataset;
  readonly #compute: (before: S | null) => S;
  readonly #isConcerned: (update: Update) => boolean;
  #snapshot: S | null = null;
  #revision = -1;

  constructor(
    dataset: OpenDataset,
    options: {
      /** Returns `before` itself where nothing changed. */
      readonly compute: (before: S | null) => S;
      readonly isConcerned?: (update: Update) => boolean;
    },
  ) {
    this.#dataset = dataset;
    this.#compute = options.compute;
    this.#isConcerned = options.isConcerned ?? (() => true);
  }

  readonly getSnapshot = (): S => {
    this.#dataset.load();
    if (this.#snapshot === null || this.#revision !== this.#dataset.revision) {
      this.#snapshot = this.#compute(this.#snapshot);
      this.#revision = this.#dataset.revision;
    }
    return this.#snapshot;
  };

  readonly getServerSnapshot = this.getSnapshot;

  readonly subscribe = (listener: () => void): (() => void) => {
    let shown = this.getSnapshot();
    return this.#dataset.subscribe((_, update) => {
      if (!this.#isConcerned(update)) return;
      const next = this.getSnapshot();
      if (next === shown) return;
      shown = next;
      listener();
    });
  };
}

const everything = (update: Update): boolean =>
  update.keys === null || update.values.size > 0 || update.loadStateChanged;

/** All records with a value. The map is a copy: it stays as it is when the dataset goes on. */
export function watchRecords(dataset: OpenDataset): Live<DatasetSnapshot<JsonValue>> {
  return new DerivedLive<DatasetSnapshot<JsonValue>>(dataset, {
    isConcerned: everything,
    compute: (before) => {
      const records = new Map<string, JsonValue>();
      for (const key of dataset.replica.sortedKeys) {
        const { value } = dataset.snapshot(key);
        if (value !== undefined) records.set(key, value);
      }
      const isSame = before !== null && before.state === dataset.loadState && sameEntries(before.records, records);
      if (isSame) return before;
      return Object.freeze({ state: dataset.loadState, records: sealed(records) });
    },
  });
}

export function watchRecord(dataset: OpenDataset, key: RecordKey): Live<RecordSnapshot<JsonValue | undefined>> {
  return new DerivedLive(dataset, {
    isConcerned: ({ keys }) => keys === null || keys.has(key),
    compute: () => dataset.snapshot(key),
  });
}

/** A snapshot is seen by all who watch: nobody may write to it. */
function sealed<K, V>(map: Map<K, V>): ReadonlyMap<K, V> {
  const refuse = (): never => {
    throw new TypeError("A snapshot can't be changed. Write with the dataset's put, update or remove.");
  };
  return Object.freeze(Object.assign(map, { set: refuse, delete: refuse, clear: refuse }));
}

function sameEntries<V>(a: ReadonlyMap<string, V>, b: ReadonlyMap<string, V>): boolean {
  if (a.size !== b.size) return false;
  for (const [key, value] of a) if (b.get(key) !== value) return false;
  return true;
}
