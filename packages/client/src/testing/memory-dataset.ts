// One dataset's items in a table in memory: the head, the records, and what reads see of them while a commit lands. It
// knows the conditions of S-2 and S-3 and nothing else of the rules.
import {
  nextSyncCount,
  parseCommitId,
  parseSyncCount,
  parseValue,
  type Attempt,
  type Head,
  type JsonValue,
  type RecordKey,
  type RemoteRecord,
} from "@holdfast/core";

export type CommitAnswer = "committed" | "stale" | "record-refused";

/** The head's name among the items that are not seen yet; a record's is its key, which is never empty. */
const headItem = "";

/** What was written past the rules has no commit; this name is no replica's. */
const directCommit = parseCommitId("direct-write-no-commit");

export class MemoryDataset {
  head: Head | null;
  readonly records: Map<RecordKey, RemoteRecord>;
  /** Tokens of applied commits: a repeat answers as the first did. */
  readonly #tokens = new Set<string>();
  /** Items of the newest commit that reads do not see yet, and what they see instead. */
  #headBefore: { readonly head: Head | null } | null = null;
  readonly #before = new Map<RecordKey, RemoteRecord | null>();

  constructor(head: Head | null = null, records: ReadonlyMap<RecordKey, RemoteRecord> = new Map()) {
    this.head = head;
    this.records = new Map(records);
  }

  /** What a backup keeps; a restored table knows no tokens. */
  copy(): MemoryDataset {
    return new MemoryDataset(this.head, this.records);
  }

  /** One TransactWriteItems. `isTokenKnown` false: it comes so late that only its conditions protect. */
  commit(attempt: Attempt, { isTokenKnown = true } = {}): CommitAnswer {
    if (isTokenKnown && this.#tokens.has(attempt.commit)) return "committed";
    const { base } = attempt;
    const isAtBase = this.head
      ? this.head.commit === base.commit && this.head.syncCount === base.syncCount
      : base.commit === null;
    if (!isAtBase) return "stale";
    if (attempt.records.some((sent) => !this.#takes(sent))) return "record-refused";
    this.#apply(attempt);
    return "committed";
  }

  /** Names of the items that reads may not see yet: keys of records, and the head. */
  get unseen(): readonly string[] {
    return this.#headBefore ? [headItem, ...this.#before.keys()] : [...this.#before.keys()];
  }

  /** From now on the newest commit's items are seen one by one, as `reveal` says. */
  hideLanding(attempt: Attempt, replaced: Landed): void {
    this.#headBefore = { head: replaced.head };
    for (const { key } of attempt.records) this.#before.set(key, replaced.records.get(key) ?? null);
  }

  reveal(item: string): void {
    if (item === headItem) this.#headBefore = null;
    for (const key of this.#before.keys()) if (key === item) this.#before.delete(key);
  }

  revealAll(): void {
    this.#headBefore = null;
    this.#before.clear();
  }

  get seenHead(): Head | null {
    return this.#headBefore ? this.#headBefore.head : this.head;
  }

  get seenRecords(): readonly RemoteRecord[] {
    if (this.#before.size === 0) return [...this.records.values()];
    return [...this.records.values()].flatMap((record) => {
      const before = this.#before.get(record.key);
      return before === undefined ? [record] : (before ?? []);
    });
  }

  /** Before a commit: what it may replace. */
  peek(attempt: Attempt): Landed {
    return {
      head: this.head,
      records: new Map(attempt.records.map(({ key }) => [key, this.records.get(key) ?? null])),
    };
  }

  /** Past all rules. The item keeps its count where it has one, and belongs to no commit. undefined: it is taken out. */
  writeDirectly(key: RecordKey, value: JsonValue | undefined): void {
    const there = this.records.get(key);
    if (value === undefined) {
      this.records.delete(key);
      return;
    }
    const syncCount = there?.syncCount ?? this.head?.syncCount ?? parseSyncCount(1);
    const { modifiedAt = 0, schema = 1 } = there ?? {};
    const content = { type: "live", value: parseValue(value) } as const;
    this.records.set(key, { key, syncCount, commit: directCommit, modifiedAt, schema, content });
  }

  /** DynamoDB takes out what has expired, when it likes. */
  expireTombstones(): void {
    for (const [key, { content }] of this.records) {
      if (content.type === "removed" && !this.#before.has(key)) this.records.delete(key);
    }
  }

  /** S-3. */
  #takes({ key, base }: Attempt["records"][number]): boolean {
    const there = this.records.get(key);
    if (base) return there?.commit === base.commit && there.syncCount === base.syncCount;
    return there === undefined || there.content.type === "removed" || there.syncCount <= (this.head?.floor ?? 0);
  }

  #apply(attempt: Attempt): void {
    const { commit, digest, recordCount, writers, committedAt, deletion } = attempt;
    const syncCount = nextSyncCount(attempt.base.syncCount);
    // DynamoDB takes one transaction after the other: whatever landed before is seen by now.
    this.revealAll();
    this.#tokens.add(commit);
    this.head = {
      ...{ syncCount, commit, digest, recordCount, committedAt, changed: attempt.records.length },
      ...{
        floor: deletion ? attempt.floor : (this.head?.floor ?? attempt.floor),
        deleted: deletion !== null,
        swept: deletion ? false : (this.head?.swept ?? false),
        lineage: this.head?.lineage ?? attempt.lineage,
      },
      ...{ writers: new Map(writers), format: 1 },
    };
    for (const { key, value, modifiedAt, schema } of attempt.records) {
      const content = value === undefined ? ({ type: "removed" } as const) : ({ type: "live", value } as const);
      this.records.set(key, { key, syncCount, commit, modifiedAt, schema, content });
    }
  }
}

/** What stood where a commit landed; null: nothing. */
export interface Landed {
  readonly head: Head | null;
  readonly records: ReadonlyMap<RecordKey, RemoteRecord | null>;
}
