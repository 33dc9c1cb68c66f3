// A vault in IndexedDB. Dexie declares, opens and upgrades the database; transactions are the browser's own, because a
// put through them costs half of one through Dexie's tables (peer benchmark: 1.0 against 1.95 of raw).
import {
  isDatasetName,
  parseConflictRecord,
  parseStoredValue,
  SyncError,
  type JsonValue,
  type ConflictRecord,
  type DatasetName,
  type RecordKey,
  type Change,
  type Selection,
  type View,
} from "@holdfast/core";
import type { Dexie } from "dexie";
import type { RangeRequest, Summary, Vault } from "../local-store.ts";
import { idbErrorToSyncError, isConnectionLost } from "./idb-error.ts";
import { answer, parseRows, readState, readView, wholeRange } from "./read-view.ts";
import { parseObject, recordToRow } from "./row.ts";
import { attentionIndex, outboxIndex, schemaVersion, stores } from "./schema.ts";

type Mode = "readonly" | "readwrite";

/** The answer of a transaction that wrote nothing because it lacks an object store. */
const needsAll = Symbol("all object stores are needed");

/** IndexedDB takes no larger number. */
const rowsMax = 2 ** 32 - 1;

export class DexieVault implements Vault {
  readonly #db: Dexie;
  readonly #durability: "relaxed" | "strict";
  #onLost: (reason: "upgrade" | "closed") => void = () => {};
  /** Why it takes no more work. */
  #closed: "reload-needed" | "closed" | null = null;

  constructor(db: Dexie, durability: "relaxed" | "strict") {
    this.#db = db;
    this.#durability = durability;
    // Another tab wants to upgrade or delete it: let go at once, so that it is never blocked by an old tab.
    db.on("versionchange", (event) => {
      const isDeleted = event.newVersion === null;
      this.#closed = isDeleted ? "closed" : "reload-needed";
      db.close();
      this.#onLost(isDeleted ? "closed" : "upgrade");
    });
    db.on("close", () => this.#onLost("closed"));
  }

  async open(): Promise<void> {
    await this.#db.open().catch((error: unknown) => {
      throw idbErrorToSyncError(error);
    });
    // Dexie opens a database that a newer version has upgraded, as if nothing were; this version must not write to it.
    if (this.#db.backendDB().version <= schemaVersion * 10) return;
    this.#closed = "reload-needed";
    this.#db.close();
    throw isClosed("reload-needed");
  }

  onLost(listener: (reason: "upgrade" | "closed") => void): void {
    this.#onLost = listener;
  }

  async close(): Promise<void> {
    this.#closed ??= "closed";
    this.#db.close();
  }

  summaries(): Promise<readonly Summary[]> {
    return this.#run("readonly", [stores.datasets, stores.records], async (tx) => {
      const names = await answer(tx.objectStore(stores.datasets).getAllKeys());
      return Promise.all(names.filter(isDatasetName).map((dataset) => summarize(tx, dataset)));
    });
  }

  summarize(dataset: DatasetName): Promise<Summary> {
    return this.#run("readonly", [stores.datasets, stores.records], (tx) => summarize(tx, dataset));
  }

  read(dataset: DatasetName, selection: Selection): Promise<View> {
    return this.#run("readonly", [stores.datasets, stores.records], (tx) => readView(tx, dataset, selection));
  }

  readRange(dataset: DatasetName, range: RangeRequest): ReturnType<Vault["readRange"]> {
    return this.#run("readonly", [stores.records], async (tx) => {
      const keys = keyRange(dataset, range);
      if (keys === null) return [];
      const limit = range.limit === undefined ? undefined : Math.min(range.limit, rowsMax);
      const rows = await answer(tx.objectStore(stores.records).getAll(keys, limit));
      return parseRows(rows).records;
    });
  }

  transact<R>(
    dataset: DatasetName,
    selection: Selection,
    decide: (view: View) => { readonly change: Change; readonly result: R },
  ): Promise<R> {
    // Each further object store makes a transaction dearer (a put by a third), and an app's writes need only these two.
    const usual: readonly string[] = [stores.datasets, stores.records];
    const all = [...usual, stores.conflicts, stores.aside];
    const once = (names: readonly string[]) =>
      this.#run("readwrite", names, async (tx) => {
        const { damagedRows, damagedState, ...view } = await readView(tx, dataset, selection);
        const { change, result } = decide(view);
        const isAll = names === all;
        if (
          !isAll &&
          (damagedRows.size > 0 || damagedState || change.conflicts?.length || change.removedConflicts?.length)
        ) {
          return needsAll;
        }
        if (change.state && damagedState) tx.objectStore(stores.aside).put({ d: dataset, row: damagedState });
        writeChange(tx, dataset, change, damagedRows);
        return { result };
      });
    return once(selection.type === "keys" ? usual : all).then(async (first) => {
      const done = first === needsAll ? await once(all) : first;
      if (done === needsAll) throw new Error("all object stores were there");
      return done.result;
    });
  }

  conflicts(): Promise<readonly ConflictRecord[]> {
    return this.#run("readonly", [stores.conflicts], async (tx) =>
      (await answer(tx.objectStore(stores.conflicts).getAll())).flatMap(
        (row: unknown) => parseConflictRecord(row) ?? [],
      ),
    );
  }

  readMeta(name: string): Promise<JsonValue | undefined> {
    return this.#run("readonly", [stores.meta], (tx) => readMetaRow(tx, name));
  }

  updateMeta(
    name: string,
    decide: (current: JsonValue | undefined) => JsonValue | undefined,
  ): Promise<JsonValue | undefined> {
    return this.#run("readwrite", [stores.meta], async (tx) => {
      const value = decide(await readMetaRow(tx, name));
      const store = tx.objectStore(stores.meta);
      if (value === undefined) store.delete(name);
      else store.put({ n: name, value });
      return value;
    });
  }

  /** One transaction; a connection that was lost (WebKit does it while asleep) is opened once more and the work repeated. */
  async #run<R>(mode: Mode, names: readonly string[], work: (tx: IDBTransaction) => Promise<R>): Promise<R> {
    try {
      return await this.#once(mode, names, work);
    } catch (error) {
      if (!isConnectionLost(error) || this.#closed !== null) throw idbErrorToSyncError(error);
    }
    try {
      this.#db.close({ disableAutoOpen: false });
      await this.#db.open();
      return await this.#once(mode, names, work);
    } catch (error) {
      throw idbErrorToSyncError(error);
    }
  }

  async #once<R>(mode: Mode, names: readonly string[], work: (tx: IDBTransaction) => Promise<R>): Promise<R> {
    if (this.#closed !== null) throw isClosed(this.#closed);
    if (!this.#db.isOpen()) await this.#db.open();
    const tx = this.#db
      .backendDB()
      .transaction([...names], mode, { durability: mode === "readwrite" ? this.#durability : "default" });
    const done = completion(tx);
    try {
      const result = await work(tx);
      if (mode === "readonly") return result;
      tx.commit();
      await done;
      return result;
    } catch (error) {
      abort(tx);
      // An abort by the browser (no room left) fails the request first with a bare AbortError; the transaction knows why.
      await done.catch((reason: unknown) => {
        if (reason !== null) throw reason;
      });
      throw error;
    }
  }
}

const isClosed = (code: "reload-needed" | "closed"): SyncError =>
  new SyncError({
    code,
    message:
      code === "closed"
        ? "The client was closed, or another identity is shown now. Nothing of this was stored."
        : "A newer version of this app has upgraded its data on this device. Nothing of this was stored; reload the page.",
  });

async function summarize(tx: IDBTransaction, dataset: DatasetName): Promise<Summary> {
  const rows = tx.objectStore(stores.records);
  const [{ state }, records, outbox, attention] = await Promise.all([
    readState(tx, dataset),
    answer(rows.count(wholeRange(dataset))),
    answer(rows.index(outboxIndex).count(wholeRange(dataset))),
    answer(rows.index(attentionIndex).getAll(wholeRange(dataset))),
  ]);
  return { dataset, state, records, outbox, attention: parseRows(attention).records };
}

function writeChange(
  tx: IDBTransaction,
  dataset: DatasetName,
  change: Change,
  damagedRows: ReadonlyMap<RecordKey, unknown>,
): void {
  const rows = tx.objectStore(stores.records);
  for (const [key, row] of damagedRows) {
    if (change.records?.has(key)) tx.objectStore(stores.aside).put({ d: dataset, row });
  }
  for (const [key, record] of change.records ?? []) {
    if (record === null) rows.delete([dataset, key]);
    else rows.put(recordToRow(dataset, record));
  }
  if (change.state) tx.objectStore(stores.datasets).put({ d: dataset, ...change.state });
  for (const conflict of change.conflicts ?? []) tx.objectStore(stores.conflicts).put(conflict);
  for (const id of change.removedConflicts ?? []) tx.objectStore(stores.conflicts).delete(id);
}

async function readMetaRow(tx: IDBTransaction, name: string): Promise<JsonValue | undefined> {
  const row: unknown = await answer(tx.objectStore(stores.meta).get(name));
  return row === undefined ? undefined : parseStoredValue(parseObject(row)["value"]);
}

function keyRange(dataset: DatasetName, { prefix = "", after }: RangeRequest): IDBKeyRange | null {
  const end = endOfPrefix(prefix);
  const openAfter = after !== undefined && after >= prefix;
  if (openAfter && end !== null && after >= end) return null;
  return IDBKeyRange.bound([dataset, openAfter ? after : prefix], [dataset, end ?? []], openAfter, true);
}

/** The first text that lies behind all that begin with `prefix`, by code units; null: there is none. */
function endOfPrefix(prefix: string): string | null {
  for (let length = prefix.length; length > 0; length -= 1) {
    const unit = prefix.charCodeAt(length - 1);
    if (unit < 0xffff) return prefix.slice(0, length - 1) + String.fromCharCode(unit + 1);
  }
  return null;
}

/** Rejects with what ended the transaction; null where it was aborted by us. */
function completion(tx: IDBTransaction): Promise<void> {
  const done = new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onabort = () => reject(tx.error);
  });
  done.catch(() => {}); // A reader never waits for it.
  return done;
}

function abort(tx: IDBTransaction): void {
  try {
    tx.abort();
  } catch {
    // It has ended already; `completion` says how.
  }
}
