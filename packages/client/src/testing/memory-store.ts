// A local store in memory: for tests and servers. Nothing is kept when the page goes.
import {
  emptyReplica,
  isSendable,
  needsAttention,
  parseStoredValue,
  type ConflictRecord,
  type DatasetName,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type ReplicaState,
  type Change,
  type Selection,
  type View,
} from "@holdfast/core";
import type { LocalStoreImplementation, RangeRequest, Summary, Vault } from "../local-store.ts";

interface Stored {
  state: ReplicaState;
  readonly records: Map<RecordKey, LocalRecord>;
}

interface Database {
  readonly datasets: Map<DatasetName, Stored>;
  readonly conflicts: Map<string, ConflictRecord>;
  readonly meta: Map<string, JsonValue>;
}

export function memoryStore(): LocalStoreImplementation {
  const databases = new Map<string, Database>();
  return {
    kind: "memory",
    open: async (name) => {
      let database = databases.get(name);
      if (!database) databases.set(name, (database = { datasets: new Map(), conflicts: new Map(), meta: new Map() }));
      return new MemoryVault(database);
    },
    delete: async (name) => void databases.delete(name),
  };
}

class MemoryVault implements Vault {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async summaries(): Promise<readonly Summary[]> {
    return Promise.all([...this.#database.datasets.keys()].map((dataset) => this.summarize(dataset)));
  }

  async summarize(dataset: DatasetName): Promise<Summary> {
    const { state, records } = this.#stored(dataset);
    const all = [...records.values()];
    return {
      ...{ dataset, state, records: all.length },
      outbox: all.filter(isSendable).length,
      attention: all.filter(needsAttention),
    };
  }

  async read(dataset: DatasetName, selection: Selection): Promise<View> {
    return this.#view(dataset, selection);
  }

  async readRange(dataset: DatasetName, { prefix = "", after, limit }: RangeRequest): Promise<readonly LocalRecord[]> {
    const inRange = [...this.#stored(dataset).records.values()].filter(
      ({ key }) => key.startsWith(prefix) && (after === undefined || key > after),
    );
    return inRange.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  async transact<R>(
    dataset: DatasetName,
    selection: Selection,
    decide: (view: View) => { readonly change: Change; readonly result: R },
  ): Promise<R> {
    const { change, result } = decide(this.#view(dataset, selection));
    this.#write(dataset, change);
    return result;
  }

  async conflicts(): Promise<readonly ConflictRecord[]> {
    return [...this.#database.conflicts.values()];
  }

  async readMeta(name: string): Promise<JsonValue | undefined> {
    return this.#database.meta.get(name);
  }

  async updateMeta(
    name: string,
    decide: (current: JsonValue | undefined) => JsonValue | undefined,
  ): Promise<JsonValue | undefined> {
    const { meta } = this.#database;
    const decided = decide(meta.get(name));
    const value = decided === undefined ? undefined : parseStoredValue(decided);
    if (value === undefined) meta.delete(name);
    else meta.set(name, value);
    return value;
  }

  onLost(): void {
    // Memory is lost with the page, and then there is nobody to tell.
  }

  async close(): Promise<void> {}

  #stored(dataset: DatasetName): Stored {
    return this.#database.datasets.get(dataset) ?? { state: emptyReplica, records: new Map() };
  }

  #view(dataset: DatasetName, selection: Selection): View {
    const { state, records } = this.#stored(dataset);
    const chosen = choose(records, selection);
    return { state, records: new Map(chosen.map((record) => [record.key, record])), damaged: [] };
  }

  #write(dataset: DatasetName, { state, records, conflicts, removedConflicts }: Change): void {
    const stored = this.#stored(dataset);
    if (state) stored.state = state;
    for (const [key, record] of records ?? []) {
      if (record) stored.records.set(key, record);
      else stored.records.delete(key);
    }
    if (state || records?.size) this.#database.datasets.set(dataset, stored);
    for (const conflict of conflicts ?? []) this.#database.conflicts.set(conflict.id, conflict);
    for (const id of removedConflicts ?? []) this.#database.conflicts.delete(id);
  }
}

function choose(records: ReadonlyMap<RecordKey, LocalRecord>, selection: Selection): readonly LocalRecord[] {
  const byKeys = (keys: readonly RecordKey[]): readonly LocalRecord[] => keys.flatMap((key) => records.get(key) ?? []);
  switch (selection.type) {
    case "all":
      return [...records.values()];
    case "keys":
      return byKeys(selection.keys);
    case "attention":
      return [...records.values()].filter(needsAttention);
    case "outbox": {
      const waiting = [...records.values()].filter(isSendable).sort((a, b) => orderOf(a) - orderOf(b));
      return [...waiting.slice(0, selection.limit), ...byKeys(selection.keys)];
    }
  }
}

const orderOf = (record: LocalRecord): number => record.pending?.order ?? 0;
