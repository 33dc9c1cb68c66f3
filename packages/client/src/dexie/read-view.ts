// What a transaction reads of a dataset: its state, the records that are asked for, and the groups that hang together with
// them. What is stored is parsed; what can't be is told by its key.
import {
  asksForAllGroups,
  emptyReplica,
  isClosedUnder,
  placesToRead,
  type DatasetName,
  type LocalRecord,
  type RecordKey,
  type ReplicaState,
  type Selection,
  type View,
} from "@holdfast/core";
import { groupName, parseRow, rowKey } from "./row.ts";
import { attentionIndex, groupIndex, outboxIndex, stores } from "./schema.ts";
import { parseReplicaState } from "./state-row.ts";

/** Above so many keys one range is read instead of one request for each key. */
const singleGetsMax = 64;

/** The rows themselves of what can't be parsed, so that they can be kept aside when they are written over. */
export type RawView = View & {
  readonly damagedRows: ReadonlyMap<RecordKey, unknown>;
  readonly damagedState: unknown;
};

/**
 * A state that can't be read is taken for an empty one: the dataset is then pulled and verified as a whole, which loses
 * nothing, while the pending edits stand in the records' own rows.
 */
export async function readState(
  tx: IDBTransaction,
  dataset: DatasetName,
): Promise<{ readonly state: ReplicaState; readonly damagedState: unknown }> {
  const row: unknown = await answer(tx.objectStore(stores.datasets).get(dataset));
  if (row === undefined) return { state: emptyReplica, damagedState: undefined };
  try {
    return { state: parseReplicaState(row).state, damagedState: undefined };
  } catch {
    return { state: emptyReplica, damagedState: row };
  }
}

export async function readView(tx: IDBTransaction, dataset: DatasetName, selection: Selection): Promise<RawView> {
  const store = tx.objectStore(stores.records);
  const [{ state, damagedState }, first] = await Promise.all([
    readState(tx, dataset),
    readRows(store, dataset, selection),
  ]);
  const { records, damagedRows } = parseRows(first.rows);
  await readGroups(store, dataset, selection, records);
  const isClosed = isClosedUnder(selection);
  const damaged = [...damagedRows.keys()];
  const { horizon } = first;
  return {
    state,
    records: new Map(records.map((record) => [record.key, record])),
    ...{ damaged, damagedRows, damagedState, horizon, isClosed },
  };
}

/** S-16: adds the groups that the selection asks for beside what was read for it. */
async function readGroups(
  store: IDBObjectStore,
  dataset: DatasetName,
  selection: Selection,
  records: LocalRecord[],
): Promise<void> {
  const known = new Set(records.map(({ key }) => key));
  const read = new Set<number>();
  let fresh: readonly LocalRecord[] = records;
  do {
    const places = [...placesToRead(selection, fresh)].filter((place) => !read.has(place));
    for (const place of places) read.add(place);
    const rows = await Promise.all(
      places.map((place) => answer(store.index(groupIndex).getAll(groupName(dataset, place)))),
    );
    fresh = parseRows(rows.flat()).records.filter(({ key }) => !known.has(key) && known.add(key));
    records.push(...fresh);
  } while (fresh.length > 0 && asksForAllGroups(selection));
}

interface ReadRows {
  readonly rows: readonly unknown[];
  readonly horizon: number;
}

async function readRows(store: IDBObjectStore, dataset: DatasetName, selection: Selection): Promise<ReadRows> {
  switch (selection.type) {
    case "all":
      return { rows: await answer(store.getAll(wholeRange(dataset))), horizon: Infinity };
    case "attention":
      return { rows: await answer(store.index(attentionIndex).getAll(wholeRange(dataset))), horizon: 0 };
    case "outbox": {
      const [first, keyed] = await Promise.all([
        readOutbox(store, dataset, selection.limit),
        readRowsByKey(store, dataset, selection.keys),
      ]);
      return { rows: [...first.rows, ...keyed], horizon: first.horizon };
    }
    case "keys":
      return { rows: await readRowsByKey(store, dataset, selection.keys), horizon: 0 };
  }
}

async function readOutbox(store: IDBObjectStore, dataset: DatasetName, limit: number): Promise<ReadRows> {
  const index = store.index(outboxIndex);
  const rows: readonly unknown[] = await answer(index.getAll(wholeRange(dataset), limit));
  const last: unknown = rows.at(-1);
  if (rows.length < limit || typeof last !== "object" || last === null || !("p" in last)) {
    return { rows, horizon: Infinity };
  }
  const { p: place } = last;
  const horizon = typeof place === "number" ? place : 0;
  // The rest of the last one's group (S-16); else it could go up in two parts.
  const rest = "g" in last ? await answer(index.getAll(IDBKeyRange.only([dataset, place]))) : [];
  return { rows: [...rows, ...rest], horizon };
}

async function readRowsByKey(
  store: IDBObjectStore,
  dataset: DatasetName,
  keys: readonly RecordKey[],
): Promise<readonly unknown[]> {
  const single = () => Promise.all(keys.map((key) => answer(store.get([dataset, key]))));
  if (keys.length <= singleGetsMax) return single();
  const wanted = new Set<unknown>(keys);
  const sorted = [...keys].sort();
  const range = IDBKeyRange.bound([dataset, sorted[0]], [dataset, sorted.at(-1)]);
  if ((await answer(store.count(range))) > keys.length * 4) return single();
  return (await answer(store.getAll(range))).filter((row: unknown) => wanted.has(rowKey(row)));
}

export function parseRows(rows: readonly unknown[]) {
  const records: ReturnType<typeof parseRow>[] = [];
  const damagedRows = new Map<RecordKey, unknown>();
  for (const row of rows) {
    if (row === undefined) continue;
    try {
      records.push(parseRow(row));
    } catch {
      const key = rowKey(row);
      if (key !== null) damagedRows.set(key, row);
    }
  }
  return { records, damagedRows };
}

/** Arrays sort after every string and number: the whole dataset lies between its name and its name with one behind it. */
export const wholeRange = (dataset: DatasetName): IDBKeyRange => IDBKeyRange.bound([dataset], [dataset, []]);

export function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
