// One database in memory: what each transaction of a vault reads and writes, at once and whole.
import {
  asksForAllGroups,
  emptyReplica,
  groupsOf,
  isClosedUnder,
  isSendable,
  needsAttention,
  nextLayer,
  parseStoredValue,
  placesToRead,
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
import type { RangeRequest, Summary } from "../local-store.ts";

interface Stored {
  state: ReplicaState;
  readonly records: Map<RecordKey, LocalRecord>;
}

export class MemoryDatabase {
  readonly #datasets = new Map<DatasetName, Stored>();
  readonly #conflicts = new Map<string, ConflictRecord>();
  readonly #meta = new Map<string, JsonValue>();

  /** Those that have a state here. */
  get datasets(): readonly DatasetName[] {
    return [...this.#datasets.keys()];
  }

  get conflicts(): readonly ConflictRecord[] {
    return [...this.#conflicts.values()];
  }

  /** A dataset that is not here has no records. */
  records(dataset: DatasetName): ReadonlyMap<RecordKey, LocalRecord> {
    return this.#stored(dataset).records;
  }

  state(dataset: DatasetName): ReplicaState {
    return this.#stored(dataset).state;
  }

  summarize(dataset: DatasetName): Summary {
    const { state, records } = this.#stored(dataset);
    let outbox = 0;
    const attention: LocalRecord[] = [];
    for (const record of records.values()) {
      if (isSendable(record)) outbox += 1;
      if (needsAttention(record)) attention.push(record);
    }
    return { dataset, state, records: records.size, outbox, attention };
  }

  view(dataset: DatasetName, selection: Selection): View {
    const { state, records } = this.#stored(dataset);
    const horizon = horizonOf(records, selection);
    return {
      state,
      records: choose(records, selection, horizon),
      damaged: [],
      horizon,
      isClosed: isClosedUnder(selection),
    };
  }

  range(dataset: DatasetName, { prefix = "", after, limit }: RangeRequest): readonly LocalRecord[] {
    const inRange = [...this.#stored(dataset).records.values()].filter(
      ({ key }) => key.startsWith(prefix) && (after === undefined || key > after),
    );
    return inRange.sort((a, b) => (a.key < b.key ? -1 : 1)).slice(0, limit);
  }

  write(dataset: DatasetName, { state, records, conflicts, removedConflicts }: Change): void {
    const stored = this.#stored(dataset);
    if (state) stored.state = state;
    for (const [key, record] of records ?? []) {
      if (record) stored.records.set(key, record);
      else stored.records.delete(key);
    }
    if (state || records?.size) this.#datasets.set(dataset, stored);
    for (const conflict of conflicts ?? []) this.#conflicts.set(conflict.id, conflict);
    for (const id of removedConflicts ?? []) this.#conflicts.delete(id);
  }

  meta(name: string): JsonValue | undefined {
    return this.#meta.get(name);
  }

  updateMeta(name: string, decide: (current: JsonValue | undefined) => JsonValue | undefined): JsonValue | undefined {
    const decided = decide(this.#meta.get(name));
    const value = decided === undefined ? undefined : parseStoredValue(decided);
    if (value === undefined) this.#meta.delete(name);
    else this.#meta.set(name, value);
    return value;
  }

  #stored(dataset: DatasetName): Stored {
    return this.#datasets.get(dataset) ?? { state: emptyReplica, records: new Map() };
  }
}

function choose(
  records: ReadonlyMap<RecordKey, LocalRecord>,
  selection: Selection,
  horizon: number,
): ReadonlyMap<RecordKey, LocalRecord> {
  if (selection.type === "all") return new Map(records);
  const chosen = new Map<RecordKey, LocalRecord>();
  const take = (record: LocalRecord | undefined): void => {
    if (record) chosen.set(record.key, record);
  };
  if (selection.type === "attention") [...records.values()].filter(needsAttention).forEach(take);
  else for (const key of selection.keys) take(records.get(key));
  // The groups of what is chosen, and of what that brings along, where all are asked for.
  let places = placesToRead(selection, chosen.values());
  while (places.size > 0) {
    const before = chosen.size;
    for (const record of records.values()) if (groupsOf(record).some((place) => places.has(place))) take(record);
    if (chosen.size === before || !asksForAllGroups(selection)) break;
    places = placesToRead(selection, chosen.values());
  }
  if (selection.type === "outbox")
    waitingIn(records)
      .filter((record) => placeOf(record) <= horizon)
      .forEach(take);
  return chosen;
}

/** Place of the last record that the outbox's limit reaches; its group is read whole. */
function horizonOf(records: ReadonlyMap<RecordKey, LocalRecord>, selection: Selection): number {
  if (selection.type === "all") return Infinity;
  if (selection.type !== "outbox") return 0;
  const last = waitingIn(records)[selection.limit - 1];
  return last ? placeOf(last) : Infinity;
}

const waitingIn = (records: ReadonlyMap<RecordKey, LocalRecord>): readonly LocalRecord[] =>
  [...records.values()].filter(isSendable).sort((a, b) => placeOf(a) - placeOf(b));

const placeOf = (record: LocalRecord): number => nextLayer(record).order;
