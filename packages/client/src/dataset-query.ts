// A filtered, sorted, limited list of one dataset, kept up by the changed keys alone: a change costs a binary search and
// a splice, never another look at the other records.
import type { JsonValue, RecordKey } from "@holdfast/core";
import type { Live, QueryOptions, QuerySnapshot, RecordSnapshot } from "./api.ts";
import type { Update } from "./dataset-replica.ts";
import { Listeners } from "./live.ts";
import type { OpenDataset } from "./open-dataset.ts";

type Row = RecordSnapshot<JsonValue>;

export class DatasetQuery implements Live<QuerySnapshot<JsonValue>> {
  readonly #dataset: OpenDataset;
  readonly #options: QueryOptions<JsonValue>;
  readonly #listeners = new Listeners();
  /** Matching rows in order, before offset and limit. */
  #rows: Row[] = [];
  readonly #rowsByKey = new Map<string, Row>();
  #snapshot: QuerySnapshot<JsonValue> = Object.freeze({ state: "loading", rows: Object.freeze([]), total: 0 });
  /** What the listeners were told of last. */
  #told = this.#snapshot;
  #revision = -1;
  #stop: (() => void) | null = null;

  constructor(dataset: OpenDataset, options: QueryOptions<JsonValue>) {
    this.#dataset = dataset;
    this.#options = options;
  }

  readonly getSnapshot = (): QuerySnapshot<JsonValue> => {
    this.#dataset.load();
    if (this.#revision !== this.#dataset.revision) this.#rebuild();
    return this.#snapshot;
  };

  readonly getServerSnapshot = this.getSnapshot;

  /** While nobody watches, nothing is kept up. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#told = this.getSnapshot();
    const remove = this.#listeners.add(listener);
    this.#stop ??= this.#dataset.subscribe((_, update) => this.#take(update));
    return () => {
      remove();
      if (this.#listeners.size > 0) return;
      this.#stop?.();
      this.#stop = null;
    };
  };

  #take(update: Update): void {
    // One revision is missing where a listener before this one read the snapshot, which made it anew.
    if (update.keys === null || this.#revision !== this.#dataset.revision - 1) {
      if (this.#revision !== this.#dataset.revision) this.#rebuild();
    } else {
      for (const key of update.keys) this.#replace(key);
      this.#publish();
    }
    if (this.#snapshot === this.#told) return;
    this.#told = this.#snapshot;
    this.#listeners.call();
  }

  #rebuild(): void {
    this.#rowsByKey.clear();
    this.#rows = [];
    for (const key of this.#dataset.replica.sortedKeys) {
      const row = this.#match(key);
      if (!row) continue;
      this.#rowsByKey.set(key, row);
      this.#rows.push(row);
    }
    if (this.#options.sort) this.#rows.sort(this.#compare);
    this.#publish();
  }

  #replace(key: RecordKey): void {
    const before = this.#rowsByKey.get(key);
    const after = this.#match(key);
    if (before === after) return;
    if (before) {
      this.#rows.splice(this.#indexOf(before), 1);
      this.#rowsByKey.delete(key);
    }
    if (after) {
      this.#rows.splice(this.#place(after), 0, after);
      this.#rowsByKey.set(key, after);
    }
  }

  #match(key: RecordKey): Row | null {
    const { prefix = "", where } = this.#options;
    if (!key.startsWith(prefix)) return null;
    const snapshot = this.#dataset.snapshot(key);
    if (!hasValue(snapshot)) return null;
    return where && !where(snapshot.value, key) ? null : snapshot;
  }

  /** In the app's order; what it calls equal, by key. */
  readonly #compare = (a: Row, b: Row): number => {
    const order = this.#options.sort?.(a, b) ?? 0;
    return order !== 0 && !Number.isNaN(order) ? order : Number(a.key > b.key) - Number(a.key < b.key);
  };

  /** Where a row stands or would stand. */
  #place(row: Row): number {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#rows[middle];
      if (other && this.#compare(other, row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A comparison that does not hold with itself (it looks at the clock, say) must not remove another row. */
  #indexOf(row: Row): number {
    const place = this.#place(row);
    return this.#rows[place] === row ? place : this.#rows.indexOf(row);
  }

  #publish(): void {
    this.#revision = this.#dataset.revision;
    const { offset = 0, limit = Infinity } = this.#options;
    const rows = this.#rows.slice(offset, offset + limit);
    const state = this.#dataset.loadState;
    const before = this.#snapshot;
    const isSame =
      before.state === state &&
      before.total === this.#rows.length &&
      before.rows.length === rows.length &&
      rows.every((row, index) => row === before.rows[index]);
    if (!isSame) this.#snapshot = Object.freeze({ state, rows: Object.freeze(rows), total: this.#rows.length });
  }
}

const hasValue = (snapshot: RecordSnapshot<JsonValue | undefined>): snapshot is Row => snapshot.value !== undefined;
