// The storage of one device in a simulated run. A database's transactions happen one after the other, each when the
// scheduler says so, and its answer reaches the tab later; between both a tab may go.
import { SyncError, type DatasetName, type LocalRecord, type RecordKey, type Change } from "@holdfast/core";
import type { LocalStoreImplementation, Vault } from "../../local-store.ts";
import { MemoryDatabase } from "../memory-database.ts";
import type { SimulatedFault } from "./faults.ts";
import type { Tab } from "./device.ts";
import type { Lane, Scheduler } from "./scheduler.ts";

export interface OpenDatabase {
  readonly name: string;
  readonly database: MemoryDatabase;
  readonly lane: Lane;
}

/** Told of what was committed, before anybody else hears of it. */
export interface StorageWatch {
  committed(
    tab: Tab,
    at: OpenDatabase,
    dataset: DatasetName,
    before: ReadonlyMap<RecordKey, LocalRecord>,
    change: Change,
  ): void;
  /** A small value; of the list of databases it says which vault goes to whom. */
  noted(tab: Tab, at: OpenDatabase, name: string, value: unknown): void;
  happened(what: string): void;
}

interface Operation {
  readonly tab: Tab;
  readonly life: number;
  readonly run: () => void;
}

const canBeFull: readonly SimulatedFault[] = ["storage-full"];

export class SimulatedStorage {
  readonly #scheduler: Scheduler;
  readonly #device: string;
  readonly #watch: StorageWatch;
  readonly #databases = new Map<string, OpenDatabase>();
  readonly #pending: Operation[] = [];
  #names = 0;

  constructor(scheduler: Scheduler, device: string, watch: StorageWatch) {
    this.#scheduler = scheduler;
    this.#device = device;
    this.#watch = watch;
  }

  get databases(): ReadonlyMap<string, OpenDatabase> {
    return this.#databases;
  }

  for(tab: Tab): LocalStoreImplementation {
    return {
      kind: "simulated",
      open: (name) =>
        this.#enqueue(tab, this.#database(name), "open", () => new SimulatedVault(this, tab, this.#database(name))),
      delete: (name) =>
        this.#enqueue(tab, this.#database(name), "delete", () => {
          this.#databases.delete(name);
        }),
    };
  }

  /** The browser deletes everything. */
  clear(): void {
    for (const { lane } of this.#databases.values()) this.#scheduler.drop(lane);
    this.#databases.clear();
    this.#pending.length = 0;
  }

  /** A tab goes: of the transactions that it has begun the first `kept` still happen, the others never do. */
  end(tab: Tab, kept: number): void {
    const begun = this.#pending.filter((operation) => operation.tab === tab);
    for (const [index, operation] of begun.entries()) {
      if (index < kept) operation.run();
      else this.#finish(operation);
    }
  }

  begun(tab: Tab): number {
    return this.#pending.reduce((count, operation) => count + Number(operation.tab === tab), 0);
  }

  enqueueFor<R>(tab: Tab, at: OpenDatabase, name: string, work: () => R, canFill = false): Promise<R> {
    return this.#enqueue(tab, at, name, work, canFill);
  }

  committed(
    tab: Tab,
    at: OpenDatabase,
    dataset: DatasetName,
    before: ReadonlyMap<RecordKey, LocalRecord>,
    change: Change,
  ): void {
    this.#watch.committed(tab, at, dataset, before, change);
  }

  noted(tab: Tab, at: OpenDatabase, name: string, value: unknown): void {
    this.#watch.noted(tab, at, name, value);
  }

  #database(name: string): OpenDatabase {
    let open = this.#databases.get(name);
    if (!open) {
      const lane = this.#scheduler.lane(`${this.#device} store${(this.#names += 1)}`);
      this.#databases.set(name, (open = { name, database: new MemoryDatabase(), lane }));
    }
    return open;
  }

  /** `life`: a tab that was opened anew does not hear what the one before it had asked for. */
  #enqueue<R>(tab: Tab, at: OpenDatabase, name: string, work: () => R, canFill = false): Promise<R> {
    const { life } = tab;
    return new Promise((resolve, reject) => {
      let isDone = false;
      const run = (fault: SimulatedFault | null): void => {
        if (isDone) return;
        isDone = true;
        this.#finish(operation);
        const answer = fault ? this.#full() : outcomeOf(work);
        if (!tab.isAlive || tab.life !== life) return;
        this.#scheduler.add(tab.answers, name, () =>
          "value" in answer ? resolve(answer.value) : reject(answer.error),
        );
      };
      const operation: Operation = { tab, life, run: () => run(null) };
      this.#pending.push(operation);
      this.#scheduler.add(
        at.lane,
        name,
        (fault) => (this.#isPending(operation) ? run(fault) : undefined),
        canFill ? canBeFull : [],
      );
    });
  }

  #full(): { readonly error: unknown } {
    this.#watch.happened("storage-full");
    const message = "There is no room on this device. Nothing was written; make room.";
    return { error: new SyncError({ code: "storage-full", message }) };
  }

  #isPending(operation: Operation): boolean {
    return this.#pending.includes(operation);
  }

  #finish(operation: Operation): void {
    const index = this.#pending.indexOf(operation);
    if (index >= 0) this.#pending.splice(index, 1);
  }
}

function outcomeOf<R>(work: () => R): { readonly value: R } | { readonly error: unknown } {
  try {
    return { value: work() };
  } catch (error) {
    return { error };
  }
}

class SimulatedVault implements Vault {
  readonly #storage: SimulatedStorage;
  readonly #tab: Tab;
  readonly #at: OpenDatabase;

  constructor(storage: SimulatedStorage, tab: Tab, at: OpenDatabase) {
    this.#storage = storage;
    this.#tab = tab;
    this.#at = at;
  }

  readonly summaries: Vault["summaries"] = () =>
    this.#do("summaries", ({ database }) => database.datasets.map((dataset) => database.summarize(dataset)));

  readonly summarize: Vault["summarize"] = (dataset) =>
    this.#do("summarize", ({ database }) => database.summarize(dataset));

  readonly read: Vault["read"] = (dataset, selection) =>
    this.#do("read", ({ database }) => database.view(dataset, selection));

  readonly readRange: Vault["readRange"] = (dataset, range) =>
    this.#do("readRange", ({ database }) => database.range(dataset, range));

  transact: Vault["transact"] = (dataset, selection, decide) => {
    const work = ({ database }: OpenDatabase) => {
      const { change, result } = decide(database.view(dataset, selection));
      const keys = change.records?.keys() ?? [];
      const records = database.records(dataset);
      const before = new Map<RecordKey, LocalRecord>();
      for (const key of keys) {
        const record = records.get(key);
        if (record) before.set(key, record);
      }
      database.write(dataset, change);
      this.#storage.committed(this.#tab, this.#at, dataset, before, change);
      return result;
    };
    return this.#do("transact", work, true);
  };

  readonly conflicts: Vault["conflicts"] = () => this.#do("conflicts", ({ database }) => database.conflicts);
  readonly readMeta: Vault["readMeta"] = (name) => this.#do("readMeta", ({ database }) => database.meta(name));

  readonly updateMeta: Vault["updateMeta"] = (name, decide) =>
    this.#do("updateMeta", ({ database }) => {
      const value = database.updateMeta(name, decide);
      this.#storage.noted(this.#tab, this.#at, name, value);
      return value;
    });

  onLost(): void {
    // A simulated connection breaks only together with its tab.
  }

  async close(): Promise<void> {}

  #do<R>(name: string, work: (at: OpenDatabase) => R, canFill = false): Promise<R> {
    return this.#storage.enqueueFor(this.#tab, this.#at, name, () => work(this.#at), canFill);
  }
}
