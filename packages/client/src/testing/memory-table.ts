// A remote store in memory: one identity's datasets, read page by page as DynamoDB reads them. By itself it is honest and
// quick; tests tell it what shall go wrong, and a hostility makes it go wrong by chance.
import {
  SyncError,
  type Attempt,
  type DatasetName,
  type Head,
  type JsonValue,
  type RemoteRecord,
  type SyncCount,
} from "@holdfast/core";
import type { CommitOutcome, DatasetHead, Page, RemoteStore } from "../remote-store.ts";
import type { Hostility, Paging } from "./hostility.ts";
import { reorderNames } from "./key-order.ts";
import { MemoryDataset, type Landed } from "./memory-dataset.ts";

/** What happens to a commit instead of its answer. */
export type CommitFault =
  /** It never arrives. */
  | { readonly type: "lost-request" }
  /** It is applied, and the connection breaks. */
  | { readonly type: "lost-answer" }
  /** It is applied; `meanwhile` runs before the answer arrives. */
  | { readonly type: "meanwhile"; readonly run: () => Promise<unknown> };

export const cost = { requests: 1, readUnits: 1, writeUnits: 0 } as const;

interface Late {
  readonly dataset: DatasetName;
  readonly attempt: Attempt;
}

export class MemoryTable implements RemoteStore {
  readonly #datasets = new Map<DatasetName, MemoryDataset>();
  readonly #late: Late[] = [];
  readonly #hostility: Hostility | null;
  /** Taken one by one, first come. */
  readonly faults: CommitFault[] = [];
  /** Keys that the cloud refuses for good. */
  readonly refused = new Set<string>();
  /** Keys whose items no read returns, as if their last commit had not become visible yet. */
  readonly hidden = new Set<string>();
  /** Keys whose items are as a newer version of the app would have written them. */
  readonly unreadable = new Set<string>();
  /** Keys whose items are no versions. */
  readonly damaged = new Set<string>();
  /** Lets others come between while a commit lands. */
  turn: () => Promise<void> = async () => {};
  /** Told of each commit that was applied, and of what it replaced. */
  onCommit: (dataset: DatasetName, attempt: Attempt, replaced: Landed) => void = () => {};
  pageSize = 1_000;
  requests = 0;
  /** DynamoDB keeps no order of a map's names. */
  areNamesReordered = false;

  constructor(hostility: Hostility | null = null) {
    this.#hostility = hostility;
  }

  table(dataset: DatasetName): MemoryDataset {
    let table = this.#datasets.get(dataset);
    if (!table) this.#datasets.set(dataset, (table = new MemoryDataset()));
    return table;
  }

  get datasets(): ReadonlyMap<DatasetName, MemoryDataset> {
    return this.#datasets;
  }

  values(dataset: DatasetName): Record<string, JsonValue> {
    const { head, records } = this.table(dataset);
    const live = [...records.values()].flatMap(({ key, content, syncCount }) =>
      content.type === "live" && syncCount > (head?.floor ?? 0) ? [[key, content.value] as const] : [],
    );
    return Object.fromEntries(live.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async pullPage({ dataset, since, cursor }: Parameters<RemoteStore["pullPage"]>[0]): Promise<Page> {
    this.#beforeRead(dataset);
    return this.readChanges(dataset, since, cursor, this.#paging());
  }

  async listPage({ dataset, cursor }: Parameters<RemoteStore["listPage"]>[0]): Promise<Page> {
    this.#beforeRead(dataset);
    return this.readListing(dataset, cursor, this.#paging());
  }

  async readHead({ dataset }: Parameters<RemoteStore["readHead"]>[0]): Promise<Page> {
    this.#beforeRead(dataset);
    return this.readOneHead(dataset);
  }

  async headsPage({ cursor }: Parameters<RemoteStore["headsPage"]>[0]): ReturnType<RemoteStore["headsPage"]> {
    this.#beforeRead(null);
    return this.readHeads(cursor, this.#paging());
  }

  async commit({ dataset, attempt }: Parameters<RemoteStore["commit"]>[0]): Promise<CommitOutcome> {
    this.requests += 1;
    for (const late of this.#late.splice(0)) this.apply(late.dataset, late.attempt, { isTokenKnown: false });
    const fault = this.faults.shift();
    if (fault?.type === "lost-request") return broken();
    const refusal = this.#hostility?.commitFault() ?? null;
    if (refusal === "throttled" || refusal === "conflict") return refused(refusal);
    if (refusal === "lost-request") {
      if (this.#hostility?.happens("late-duplicate")) this.#late.push({ dataset, attempt });
      return broken();
    }
    const outcome = this.apply(dataset, attempt);
    await this.#land(this.table(dataset));
    if (this.#hostility?.happens("late-duplicate")) this.#late.push({ dataset, attempt });
    if (fault?.type === "lost-answer" || refusal === "lost-answer") return broken();
    if (fault?.type === "meanwhile") await fault.run();
    return outcome;
  }

  async sweepPage({ dataset, floor }: Parameters<RemoteStore["sweepPage"]>[0]): ReturnType<RemoteStore["sweepPage"]> {
    return this.sweep(dataset, floor, this.#paging());
  }

  async markSwept({ dataset, head }: Parameters<RemoteStore["markSwept"]>[0]): ReturnType<RemoteStore["markSwept"]> {
    this.noteSwept(dataset, head);
    return cost;
  }

  rereadItem(item: JsonValue): RemoteRecord | null {
    const key = typeof item === "string" ? item : "";
    const found = [...this.#datasets.values()].flatMap(({ records }) => [...records.values()]);
    return this.unreadable.has(key) ? null : (found.find((record) => record.key === key) ?? null);
  }

  /** What a backup keeps. */
  snapshot(dataset: DatasetName): MemoryDataset {
    return this.table(dataset).copy();
  }

  restore(dataset: DatasetName, backup: MemoryDataset): void {
    this.#datasets.set(dataset, backup.copy());
  }

  readChanges(dataset: DatasetName, since: SyncCount, cursor: unknown, paging: Paging): Page {
    const table = this.table(dataset);
    const changed = table.seenRecords.filter((record) => record.syncCount > since);
    const sorted = changed.sort((a, b) => a.syncCount - b.syncCount || (a.key < b.key ? -1 : 1));
    return this.#page(sorted, table.seenHead, { cursor, paging, place: changePlace });
  }

  readListing(dataset: DatasetName, cursor: unknown, paging: Paging): Page {
    const sorted = [...this.table(dataset).seenRecords].sort((a, b) => (a.key < b.key ? -1 : 1));
    return this.#page(sorted, null, { cursor, paging, place: ({ key }) => key });
  }

  readOneHead(dataset: DatasetName): Page {
    this.requests += 1;
    return { records: [], damaged: [], head: this.table(dataset).seenHead, cursor: null, cost };
  }

  readHeads(cursor: unknown, { size, isEmpty = false }: Paging) {
    this.requests += 1;
    const after = typeof cursor === "string" ? cursor : "";
    const rest = [...this.#datasets].filter(([name]) => name > after).sort(([a], [b]) => (a < b ? -1 : 1));
    const shown = isEmpty ? [] : rest.slice(0, size);
    const heads = shown.flatMap(([dataset, { seenHead }]): DatasetHead[] =>
      seenHead ? [{ dataset, head: seenHead }] : [],
    );
    return { heads, cursor: shown.length === rest.length ? null : (shown.at(-1)?.[0] ?? after), cost };
  }

  /** `isTokenKnown` false: the request comes so late that only its conditions protect. */
  apply(dataset: DatasetName, attempt: Attempt, { isTokenKnown = true } = {}): CommitOutcome {
    const refusedKeys = attempt.records.filter(({ key }) => this.refused.has(key));
    if (refusedKeys.length > 0) {
      const error = new SyncError({ code: "invalid-value", message: "The cloud refuses this record." });
      return { type: "invalid", error, keys: [], cost };
    }
    const table = this.table(dataset);
    const replaced = table.peek(attempt);
    const before = table.head;
    const type = table.commit(attempt, { isTokenKnown });
    if (table.head !== before) {
      if (this.#hostility?.happens("half-seen")) table.hideLanding(attempt, replaced);
      this.onCommit(dataset, attempt, replaced);
    }
    // A transaction writes each item twice, once more for the local index.
    const writeUnits = type === "committed" ? 4 * (attempt.records.length + 1) : 0;
    return { type, cost: { requests: 1, readUnits: 0, writeUnits } };
  }

  sweep(dataset: DatasetName, floor: SyncCount, { size }: Paging) {
    this.requests += 1;
    const { records } = this.table(dataset);
    const ended = [...records.values()].filter(({ syncCount }) => syncCount <= floor);
    for (const { key } of ended.slice(0, size)) records.delete(key);
    return { done: ended.length <= size, cost };
  }

  noteSwept(dataset: DatasetName, head: Head): void {
    this.requests += 1;
    const table = this.table(dataset);
    if (table.head?.commit === head.commit) table.head = { ...table.head, swept: true };
  }

  /** Once a commit's success was answered, every read sees all of it; until then what comes first is chance. */
  async #land(table: MemoryDataset): Promise<void> {
    if (!this.#hostility) return;
    for (const item of this.#hostility.shuffled(table.unseen).slice(0, landingTurnsMax)) {
      await this.turn();
      table.reveal(item);
    }
    await this.turn();
    table.revealAll();
  }

  /** @throws SyncError `throttled`, `cloud-unavailable` */
  #beforeRead(dataset: DatasetName | null): void {
    if (!this.#hostility) return;
    this.areNamesReordered = this.#hostility.happens("key-order");
    if (dataset && this.#hostility.happens("expired-tombstones")) this.table(dataset).expireTombstones();
    const fault = this.#hostility.readFault();
    if (fault === null) return;
    this.requests += 1;
    const outcome = fault === "throttled" ? refused(fault) : broken();
    throw outcome.error;
  }

  #paging(): Paging {
    return this.#hostility?.paging(this.pageSize) ?? { size: this.pageSize };
  }

  #page(
    sorted: readonly RemoteRecord[],
    head: Head | null,
    { cursor, paging, place }: { cursor: unknown; paging: Paging; place: (record: RemoteRecord) => string },
  ): Page {
    this.requests += 1;
    const after = typeof cursor === "string" ? cursor : "";
    const rest = sorted.filter((record) => place(record) > after);
    const page = paging.isEmpty ? [] : rest.slice(0, paging.size);
    const isLast = !paging.isEmpty && rest.length <= paging.size;
    const last = page.at(-1);
    const shown = page
      .filter(({ key }) => !this.hidden.has(key) && !this.damaged.has(key))
      .map((record) => this.#shown(record));
    const error = new SyncError({ code: "internal", message: "The item in the table is no record." });
    const damaged = [...this.damaged].map((key) => ({ key, error }));
    const next = isLast ? null : last ? place(last) : after;
    return { records: shown, damaged, head: isLast ? head : null, cursor: next, cost };
  }

  #shown(record: RemoteRecord): RemoteRecord {
    const { key, content } = record;
    if (this.unreadable.has(key)) {
      const error = { code: "format-too-new", message: "A newer version of the app wrote it.", key } as const;
      return { ...record, content: { type: "unreadable", error, item: key } };
    }
    if (!this.areNamesReordered || content.type !== "live") return record;
    return { ...record, content: { type: "live", value: reorderNames(content.value) } };
  }
}

/** By count, then by key: the order of the index. */
const changePlace = ({ syncCount, key }: RemoteRecord): string => `${String(syncCount).padStart(16, "0")}/${key}`;

/** Turns that a landing commit is seen in parts; the rest is seen at once. */
const landingTurnsMax = 4;

type Unclear = Extract<CommitOutcome, { type: "unclear" }>;

export function broken(): Unclear {
  const error = new SyncError({ code: "cloud-unavailable", message: "The connection broke. It is tried again." });
  return { type: "unclear", error, cost };
}

/** Nothing was applied, and nothing was learned: DynamoDB is busy, or another transaction touches the same items. */
export function refused(why: "throttled" | "conflict"): Unclear {
  const message =
    why === "throttled"
      ? "The cloud is asked too often. It is tried again."
      : "Another commit touches the same records just now. It is tried again.";
  return { type: "unclear", error: new SyncError({ code: "throttled", message }), cost };
}
