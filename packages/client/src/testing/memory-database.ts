// One database in memory: what each transaction of a vault reads and writes, at once and whole.
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
    return { state, records: choose(records, selection), damaged: [] };
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
): ReadonlyMap<RecordKey, LocalRecord> {
  const chosen = new Map<RecordKey, LocalRecord>();
  const take = (record: LocalRecord | undefined): void => {
    if (record) chosen.set(record.key, record);
  };
  switch (selection.type) {
    case "all":
      return new Map(records);
    case "keys":
      break;
    case "attention":
      for (const record of records.values()) if (needsAttention(record)) take(record);
      return chosen;
    case "outbox": {
      const waiting = [...records.values()].filter(isSendable).sort((a, b) => orderOf(a) - orderOf(b));
      waiting.slice(0, selection.limit).forEach(take);
    }
  }
  for (const key of selection.keys) take(records.get(key));
  return chosen;
}

const orderOf = (record: LocalRecord): number => record.pending?.order ?? 0;
