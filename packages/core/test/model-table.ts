// The cloud as SPEC assumes it, in memory: it knows the conditions of S-2 and S-3 and nothing else of the rules. A
// commit becomes visible to reads item by item.
import { DigestSum } from "../src/digest.ts";
import { nextSyncCount, type CommitId, type RecordKey } from "../src/ids.ts";
import type { JsonValue } from "../src/json-value.ts";
import type { Pulled } from "../src/pull.ts";
import { isCounted, versionValue, type RemoteRecord, type Version } from "../src/record.ts";
import type { Attempt, Head, SentRecord } from "../src/replica.ts";

export type Answer = "committed" | "head-refused" | "record-refused";

export class ModelTable {
  #head: Head | null = null;
  #records = new Map<RecordKey, RemoteRecord>();
  #backup: { readonly head: Head; readonly records: ReadonlyMap<RecordKey, RemoteRecord> } | null = null;
  #wasRestored = false;
  /** What the last commit replaced, as long as reads see that instead. */
  readonly #before = new Map<RecordKey, RemoteRecord | null>();
  #headBefore: { readonly head: Head | null } | null = null;
  readonly #landed = new Set<CommitId>();
  /** What counted after each commit: the truth that a verified replica must hold. */
  readonly history = new Map<CommitId | null, string>([[null, ""]]);

  get head(): Head | null {
    return this.#head;
  }

  get wasRestored(): boolean {
    return this.#wasRestored;
  }

  value(key: RecordKey): JsonValue | undefined {
    return versionValue(this.#records.get(key) ?? null);
  }

  backUp(): void {
    if (this.#head) this.#backup = { head: this.#head, records: new Map(this.#records) };
  }

  /** A restored table is a new one: it knows no request tokens, and all of it is visible. */
  restore(): void {
    if (!this.#backup) return;
    this.reveal(() => true);
    this.#landed.clear();
    this.#head = this.#backup.head;
    this.#records = new Map(this.#backup.records);
    this.#wasRestored = true;
  }

  /** One TransactWriteItems. `slow`: its items become visible by `reveal`, not at once. */
  commit(attempt: Attempt, { slow }: { readonly slow: boolean }): Answer {
    if (this.#landed.has(attempt.commit)) return "committed";
    if (this.#head?.commit !== (attempt.base.commit ?? undefined)) return "head-refused";
    if (attempt.records.some((sent) => !this.#takes(sent))) return "record-refused";
    this.reveal(() => true);
    if (slow) this.#hide(attempt);
    this.#apply(attempt);
    return "committed";
  }

  /** Lets reads see those items of the last commit whose position is named; 0 is the head. */
  reveal(which: (position: number) => boolean): void {
    if (which(0)) this.#headBefore = null;
    [...this.#before.keys()].forEach((key, position) => which(position + 1) && this.#before.delete(key));
  }

  expireTombstones(): void {
    for (const [key, record] of this.#records) {
      if (record.content.type === "removed" && !this.#before.has(key)) this.#records.delete(key);
    }
  }

  /** null: the answer holds no head. */
  read(since: number, whole: boolean): Pulled | null {
    const head = this.#headBefore ? this.#headBefore.head : this.#head;
    const records = [...this.#records].flatMap(([key, now]) => {
      const before = this.#before.get(key);
      return before === undefined ? now : (before ?? []);
    });
    return head && { head, records: records.filter(({ syncCount }) => syncCount > since), whole };
  }

  #takes({ key, base }: SentRecord): boolean {
    const there: Version | null = this.#records.get(key) ?? null;
    if (base === null) return !isCounted(there);
    return there?.syncCount === base.syncCount && there.commit === base.commit;
  }

  #hide({ records }: Attempt): void {
    this.#headBefore = { head: this.#head };
    for (const { key } of records) this.#before.set(key, this.#records.get(key) ?? null);
  }

  #apply(attempt: Attempt): void {
    const syncCount = nextSyncCount(attempt.base.syncCount);
    const { commit, digest, recordCount, floor, lineage, writers, committedAt, records } = attempt;
    this.#landed.add(commit);
    this.#head = {
      ...{ syncCount, commit, changed: records.length, digest, recordCount, floor, lineage, committedAt },
      ...{ deleted: false, swept: false, writers: new Map(writers), format: 1 },
    };
    for (const { key, value, modifiedAt, schema } of records) {
      const content = value === undefined ? ({ type: "removed" } as const) : ({ type: "live", value } as const);
      this.#records.set(key, { key, syncCount, commit, modifiedAt, schema, content });
    }
    this.history.set(commit, listed([...this.#records.values()]));
    const sum = new DigestSum();
    for (const record of this.#records.values()) if (isCounted(record)) sum.add(record);
    if (sum.digest !== digest || sum.recordCount !== recordCount) throw new Error(`${commit} carries a wrong digest`);
  }
}

/** What counts of `records`, by name, count and commit. */
export const listed = (records: readonly RemoteRecord[]): string =>
  records
    .filter(isCounted)
    .map(({ key, syncCount, commit }) => `${key}/${syncCount}/${commit}`)
    .sort()
    .join();
