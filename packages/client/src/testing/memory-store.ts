// A local store in memory: for tests and servers. Nothing is kept when the page goes.
import type { ConflictRecord, DatasetName, JsonValue, LocalRecord, Change, Selection, View } from "@holdfast/core";
import type { LocalStoreImplementation, RangeRequest, Summary, Vault } from "../local-store.ts";
import { MemoryDatabase } from "./memory-database.ts";

export function memoryStore(): LocalStoreImplementation {
  const databases = new Map<string, MemoryDatabase>();
  return {
    kind: "memory",
    open: async (name) => {
      let database = databases.get(name);
      if (!database) databases.set(name, (database = new MemoryDatabase()));
      return new MemoryVault(database);
    },
    delete: async (name) => void databases.delete(name),
  };
}

class MemoryVault implements Vault {
  readonly #database: MemoryDatabase;

  constructor(database: MemoryDatabase) {
    this.#database = database;
  }

  async summaries(): Promise<readonly Summary[]> {
    return this.#database.datasets.map((dataset) => this.#database.summarize(dataset));
  }

  async summarize(dataset: DatasetName): Promise<Summary> {
    return this.#database.summarize(dataset);
  }

  async read(dataset: DatasetName, selection: Selection): Promise<View> {
    return this.#database.view(dataset, selection);
  }

  async readRange(dataset: DatasetName, range: RangeRequest): Promise<readonly LocalRecord[]> {
    return this.#database.range(dataset, range);
  }

  async transact<R>(
    dataset: DatasetName,
    selection: Selection,
    decide: (view: View) => { readonly change: Change; readonly result: R },
  ): Promise<R> {
    const { change, result } = decide(this.#database.view(dataset, selection));
    this.#database.write(dataset, change);
    return result;
  }

  async conflicts(): Promise<readonly ConflictRecord[]> {
    return this.#database.conflicts;
  }

  async readMeta(name: string): Promise<JsonValue | undefined> {
    return this.#database.meta(name);
  }

  async updateMeta(
    name: string,
    decide: (current: JsonValue | undefined) => JsonValue | undefined,
  ): Promise<JsonValue | undefined> {
    return this.#database.updateMeta(name, decide);
  }

  onLost(): void {
    // Memory is lost with the page, and then there is nobody to tell.
  }

  async close(): Promise<void> {}
}
