// A remote store in memory that can be hostile: it loses requests and answers, refuses records, and shows a commit's items
// one by one. It knows the conditions of S-2 and S-3 and nothing else of the rules.
import {
  isSyncCount,
  SyncError,
  type Attempt,
  type DatasetName,
  type Head,
  type JsonValue,
  type RecordKey,
  type RemoteRecord,
  type SyncCount,
} from "@holdfast/core";
import type { CommitOutcome, Page, RemoteStore } from "../remote-store.ts";

/** What happens to a commit instead of its answer. */
export type CommitFault =
  /** It never arrives. */
  | { readonly type: "lost-request" }
  /** It is applied, and the connection breaks. */
  | { readonly type: "lost-answer" }
  /** It is applied; `meanwhile` runs before the answer arrives. */
  | { readonly type: "meanwhile"; readonly run: () => Promise<unknown> };

interface Table {
  head: Head | null;
  readonly records: Map<RecordKey, RemoteRecord>;
  /** What the newest commit has replaced. */
  readonly before: Map<RecordKey, RemoteRecord>;
  /** Its commit is applied and not answered: reads may see some of its records, and not yet the others. */
  isLanding: boolean;
}

const cost = { requests: 1, readUnits: 1, writeUnits: 0 };

export class MemoryTable implements RemoteStore {
  readonly #tables = new Map<DatasetName, Table>();
  readonly #tokens = new Set<string>();
  /** Taken one by one, first come. */
  readonly faults: CommitFault[] = [];
  /** Keys that the cloud refuses for good. */
  readonly refused = new Set<string>();
  /** Keys whose last commit is not visible to reads yet. */
  readonly hidden = new Set<string>();
  /** Keys whose items are as a newer version of the app would have written them. */
  readonly unreadable = new Set<string>();
  /** Keys whose items are no versions. */
  readonly damaged = new Set<string>();
  /** Asked for each record of a commit that is read while it lands: true shows the version before it (S-8). */
  isHalfSeen: () => boolean = () => false;
  /** Asked after a commit: true delivers the request once more, later. */
  isRepeated: () => boolean = () => false;
  readonly #late: { readonly dataset: DatasetName; readonly attempt: Attempt }[] = [];
  /** Lets others come between while a commit lands. */
  turn: () => Promise<void> = async () => {};
  pageSize = 1_000;
  requests = 0;

  table(dataset: DatasetName): Table {
    let table = this.#tables.get(dataset);
    if (!table)
      this.#tables.set(dataset, (table = { head: null, records: new Map(), before: new Map(), isLanding: false }));
    return table;
  }

  values(dataset: DatasetName): Record<string, unknown> {
    const live = [...this.table(dataset).records.values()].flatMap(({ key, content }) =>
      content.type === "live" ? [[key, content.value] as const] : [],
    );
    return Object.fromEntries(live.sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  async pullPage({ dataset, since, cursor }: Parameters<RemoteStore["pullPage"]>[0]): Promise<Page> {
    const changed = this.#seen(dataset).filter((record) => record.syncCount > since);
    const sorted = changed.sort((a, b) => a.syncCount - b.syncCount || (a.key < b.key ? -1 : 1));
    return this.#page(sorted, cursor, this.table(dataset).head);
  }

  async listPage({ dataset, cursor }: Parameters<RemoteStore["listPage"]>[0]): Promise<Page> {
    const all = this.#seen(dataset);
    return this.#page(
      all.sort((a, b) => (a.key < b.key ? -1 : 1)),
      cursor,
      null,
    );
  }

  async readHead({ dataset }: Parameters<RemoteStore["readHead"]>[0]): Promise<Page> {
    return this.#page([], null, this.table(dataset).head);
  }

  async headsPage(): ReturnType<RemoteStore["headsPage"]> {
    this.requests += 1;
    return { heads: [...this.#tables].map(([dataset, { head }]) => ({ dataset, head })), cursor: null, cost };
  }

  async commit({ dataset, attempt }: Parameters<RemoteStore["commit"]>[0]): Promise<CommitOutcome> {
    this.requests += 1;
    this.#deliverLate();
    const fault = this.faults.shift();
    if (fault?.type === "lost-request") return this.#broken();
    const outcome = this.#evaluate(this.table(dataset), attempt);
    this.table(dataset).isLanding = true;
    for (let turn = 0; turn < landingTurns; turn += 1) await this.turn();
    this.table(dataset).isLanding = false;
    if (this.isRepeated()) this.#late.push({ dataset, attempt });
    if (fault?.type === "lost-answer") return this.#broken();
    if (fault?.type === "meanwhile") await fault.run();
    return outcome;
  }

  async sweepPage({ dataset, floor }: Parameters<RemoteStore["sweepPage"]>[0]): ReturnType<RemoteStore["sweepPage"]> {
    this.requests += 1;
    const { records } = this.table(dataset);
    for (const [key, { syncCount }] of records) if (syncCount <= floor) records.delete(key);
    return { done: true, cost };
  }

  async markSwept({ dataset, head }: Parameters<RemoteStore["markSwept"]>[0]): ReturnType<RemoteStore["markSwept"]> {
    this.requests += 1;
    const table = this.table(dataset);
    if (table.head?.commit === head.commit) table.head = { ...table.head, swept: true };
    return cost;
  }

  rereadItem(item: JsonValue): RemoteRecord | null {
    const key = typeof item === "string" ? item : "";
    const found = [...this.#tables.values()].flatMap(({ records }) => [...records.values()]);
    return this.unreadable.has(key) ? null : (found.find((record) => record.key === key) ?? null);
  }

  /** What a backup keeps. */
  snapshot(dataset: DatasetName): Table {
    const { head, records } = this.table(dataset);
    return { head, records: new Map(records), before: new Map(), isLanding: false };
  }

  restore(dataset: DatasetName, { head, records }: Table): void {
    this.#tables.set(dataset, { head, records: new Map(records), before: new Map(), isLanding: false });
    // DynamoDB knows no token of the table that was there before.
    this.#tokens.clear();
  }

  /** As a query sees them that runs while the newest commit becomes visible. */
  #seen(dataset: DatasetName): RemoteRecord[] {
    const { head, records, before, isLanding } = this.table(dataset);
    return [...records.values()].flatMap((record) => {
      if (this.hidden.has(record.key) || this.damaged.has(record.key)) return [];
      const mayBeMissing = isLanding && record.commit === head?.commit;
      return mayBeMissing && this.isHalfSeen() ? (before.get(record.key) ?? []) : [record];
    });
  }

  /** A request that the network held back: its token is forgotten by then, and only its conditions protect. */
  #deliverLate(): void {
    for (const { dataset, attempt } of this.#late.splice(0)) {
      const wasApplied = this.#tokens.delete(attempt.commit);
      this.#evaluate(this.table(dataset), attempt);
      if (wasApplied) this.#tokens.add(attempt.commit);
    }
  }

  #page(records: readonly RemoteRecord[], cursor: unknown, head: Head | null): Page {
    this.requests += 1;
    const from = typeof cursor === "number" ? cursor : 0;
    const to = from + this.pageSize;
    const last = to >= records.length;
    const shown = records.slice(from, to).map((record) => (this.unreadable.has(record.key) ? unread(record) : record));
    const error = new SyncError({ code: "internal", message: "The item in the table is no record." });
    const damaged = [...this.damaged].map((key) => ({ key, error }));
    return { records: shown, damaged, head: last ? head : null, cursor: last ? null : to, cost };
  }

  #broken(): CommitOutcome {
    const error = new SyncError({ code: "cloud-unavailable", message: "The connection broke. It is tried again." });
    return { type: "unclear", error, cost };
  }

  #evaluate(table: Table, attempt: Attempt): CommitOutcome {
    // A repeat with a token that is still known answers as the first did.
    if (this.#tokens.has(attempt.commit)) return { type: "committed", cost };
    if (attempt.records.some(({ key }) => this.refused.has(key))) {
      const error = new SyncError({ code: "invalid-value", message: "The cloud refuses this record." });
      return { type: "invalid", error, keys: [], cost };
    }
    const { head } = table;
    const { base } = attempt;
    if (head ? head.commit !== base.commit || head.syncCount !== base.syncCount : base.commit !== null) {
      return { type: "stale", cost };
    }
    const floor = head?.floor ?? 0;
    for (const sent of attempt.records) {
      const there = table.records.get(sent.key);
      const live = there !== undefined && there.content.type !== "removed" && there.syncCount > floor;
      const fits = sent.base ? there?.commit === sent.base.commit && there.syncCount === sent.base.syncCount : !live;
      if (!fits) return { type: "record-refused", cost };
    }
    this.#apply(table, attempt);
    return { type: "committed", cost };
  }

  #apply(table: Table, attempt: Attempt): void {
    this.#tokens.add(attempt.commit);
    const syncCount = after(attempt.base.syncCount);
    const { commit, digest, recordCount, writers, committedAt } = attempt;
    table.head = {
      ...{ syncCount, commit, digest, recordCount, committedAt, changed: attempt.records.length },
      ...{
        floor: attempt.deletion ? attempt.floor : (table.head?.floor ?? attempt.floor),
        deleted: attempt.deletion !== null,
        swept: attempt.deletion ? false : (table.head?.swept ?? false),
        lineage: table.head?.lineage ?? attempt.lineage,
      },
      ...{ writers: new Map(writers), format: 1 },
    };
    table.before.clear();
    for (const { key, value, modifiedAt, schema } of attempt.records) {
      const replaced = table.records.get(key);
      if (replaced) table.before.set(key, replaced);
      const content = value === undefined ? ({ type: "removed" } as const) : ({ type: "live", value } as const);
      table.records.set(key, { key, syncCount, commit, modifiedAt, schema, content });
    }
  }
}

function unread(record: RemoteRecord): RemoteRecord {
  const error = { code: "format-too-new", message: "A newer version of the app wrote it.", key: record.key } as const;
  return { ...record, content: { type: "unreadable", error, item: record.key } };
}

/** Long enough for readers of the same test to come between. */
const landingTurns = 3;

function after(count: SyncCount): SyncCount {
  const next = count + 1;
  if (isSyncCount(next)) return next;
  throw new RangeError("the sync count has no successor");
}
