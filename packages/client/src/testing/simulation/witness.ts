// Watches every local transaction and every commit of the cloud, keeps the ghost's knowledge, and says at once where a
// promise is broken. It knows the promises, not the rules that keep them.
import {
  type Attempt,
  type Checkpoint,
  type ConflictRecord,
  type DatasetName,
  type IdentityId,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type RemoteRecord,
  type Change,
} from "@holdfast/core";
import { countedOf, isHeadTrue, versionName, type Counted } from "./counted.ts";
import type { Landed } from "../memory-dataset.ts";
import type { MemoryTable } from "../memory-table.ts";
import type { Tab } from "./device.ts";
import { Ghost, partedGroups, writesOf, type GhostWrite } from "./ghost.ts";
import { parseRegistry } from "./registry.ts";
import type { OpenDatabase } from "./sim-store.ts";

interface Sent {
  readonly removals: ReadonlyMap<RecordKey, GhostWrite>;
  /** Of a deletion: what goes with it. */
  readonly dropped: readonly GhostWrite[];
}

/** A record of a local transaction. */
interface Noted {
  readonly tab: Tab;
  readonly at: OpenDatabase;
  readonly dataset: DatasetName;
  readonly key: RecordKey;
  /** It is the sync's. */
  readonly isSync: boolean;
}

export interface Circumstances {
  readonly violate: (what: string) => void;
  readonly happened: (what: string) => void;
  /** Nothing of the table can be trusted to have only grown: it was restored. */
  readonly wasRestored: () => boolean;
  readonly wasWrittenDirectly: (dataset: string) => boolean;
}

export class Witness {
  readonly ghost = new Ghost();
  readonly #circumstances: Circumstances;
  /** Whose table a database is synced with. */
  readonly #identities = new Map<string, string>();
  /** Whose the records of a database have become. */
  readonly #homes = new Map<string, string>();
  /** The removal that made a record absent in a database. */
  readonly #removedHere = new Map<string, GhostWrite>();
  /** Removals that have landed, by table, dataset and key, with the count of their commit. */
  readonly #removedThere = new Map<string, { readonly write: GhostWrite; readonly syncCount: number }[]>();
  readonly #attempts = new Map<string, Sent>();
  readonly #history = new Map<string, Counted>();
  readonly #isTrue = new Map<string, boolean>();
  readonly #lost = new Set<GhostWrite>();
  /** Datasets that somebody has deleted: what comes again has nothing in common with what was before. */
  readonly #deleted = new Set<string>();
  /** The commit at which each dataset of a database stands. */
  readonly #checkpoints = new Map<string, string | null>();
  /** Conflicts that were reported, by id. */
  readonly #met = new Set<string>();
  /** Records that somebody has removed; by dataset and key. */
  readonly #wasRemoved = new Set<string>();

  constructor(circumstances: Circumstances) {
    this.#circumstances = circumstances;
  }

  committed(
    tab: Tab,
    at: OpenDatabase,
    dataset: DatasetName,
    before: ReadonlyMap<RecordKey, LocalRecord>,
    { records, state, conflicts }: Change,
  ): void {
    // What a conflict names must be known before the record that it was about is another one.
    for (const conflict of conflicts ?? []) this.#noteConflict(tab, at, conflict);
    const place = `${at.name}/${dataset}`;
    // What goes by a deletion or a pull is not what an app has removed, although its call may be under way.
    const isSync = state !== undefined && (state.checkpoint?.commit ?? null) !== (this.#checkpoints.get(place) ?? null);
    if (state) this.#checkpoints.set(place, state.checkpoint?.commit ?? null);
    for (const [key, record] of records ?? []) {
      this.#noteRecord({ tab, at, dataset, key, isSync }, before.get(key), record);
    }
    if (!state) return;
    if (state.attempt && !this.#attempts.has(state.attempt.commit)) this.#noteAttempt(at, dataset, state.attempt);
    if (state.checkpoint && !this.#circumstances.wasWrittenDirectly(dataset))
      this.#checkCheckpoint(at, dataset, state.checkpoint);
  }

  /** The list of a device's databases: whose each is, and which goes to whom by a sign-in. */
  noted(tab: Tab, _at: OpenDatabase, name: string, value: unknown): void {
    if (name !== "registry") return;
    const { vaults, moves } = parseRegistry(value);
    for (const [identity, database] of vaults) this.#identities.set(database, identity);
    for (const { from, to } of moves) {
      if (this.#homes.get(from) === to) continue;
      this.#homes.set(from, to);
      this.#circumstances.happened("merged identities");
      const source = tab.device.storage.databases.get(from);
      if (source) this.#giveTo(source, to);
    }
  }

  /** What a database holds must get into the table of another identity from now on. */
  #giveTo({ database }: OpenDatabase, home: string): void {
    for (const dataset of database.datasets) {
      for (const { value } of database.records(dataset).values()) {
        for (const write of this.ghost.in(value)) {
          // What has gone up already is moved record by record.
          const together = write.hasLanded ? [] : write.together;
          Object.assign(write, { home, hasLanded: false, together });
        }
      }
    }
  }

  #noteRecord(
    { tab, at, dataset, key, isSync }: Noted,
    recordBefore: LocalRecord | undefined,
    recordAfter: LocalRecord | null,
  ): void {
    const place = `${at.name}/${dataset}/${key}`;
    const home = this.#homes.get(at.name) ?? null;
    const [before, after] = [recordBefore?.value, recordAfter?.value];
    if (after === undefined && !recordAfter?.base && recordBefore?.pending && before === undefined) {
      const satisfied = this.#removedHere.get(place);
      if (satisfied) satisfied.excuse ??= "it is removed elsewhere as well";
    }
    const removal = before === undefined || isSync ? undefined : this.#removalUnderWay(tab, dataset, key);
    const fresh = this.ghost.in(after).filter(({ order }) => order === 0);
    if (removal && (after === undefined || fresh.some(({ id }) => id > removal.id))) {
      const known = this.ghost.in(before);
      for (const write of known) write.isReplaced = true;
      this.#wasRemoved.add(`${dataset}/${key}`);
      this.ghost.commit(
        removal,
        known.map(({ id }) => id),
        home,
      );
      this.#removedHere.set(place, removal);
      if (recordAfter === null) removal.excuse ??= "it never went up";
    }
    if (fresh.length > 0) {
      // Whoever writes a field knows the whole record.
      const removed = this.#removedHere.get(place);
      if (removed) removed.isReplaced = true;
      const known = [...this.ghost.in(before).map(({ id }) => id), removed?.id ?? -1];
      if (before === undefined) known.push(...this.#knownRemovals(at, dataset, key));
      for (const write of fresh) this.#noteWrite(tab, { dataset, key, home, known }, write);
      this.#removedHere.delete(place);
    }
    const gone = this.ghost.in(before).filter((write) => this.ghost.at(after, write.place) !== write);
    const back = after !== undefined && fresh.length === 0 ? this.#removedHere.get(place) : undefined;
    if (back) this.#removedHere.delete(place);
    if (back && !recordBefore?.base) back.excuse ??= "there was nothing in the cloud that it could remove";
    // It went back to being removed, as it had been sent, before it was known that that had landed.
    const landed = this.#removedThere.get(`${this.#identityOf(at.name)}/${dataset}/${key}`) ?? [];
    const isLanded = landed.some(({ syncCount }) => syncCount > (recordBefore?.base?.syncCount ?? 0));
    if (back && isLanded) back.excuse ??= "it was removed in the cloud already";
    if (back && this.#deleted.has(dataset)) back.excuse ??= "its dataset was deleted as well";
    if (fresh.length > 0) for (const write of gone) write.isReplaced = true;
    else this.#noteGivenUp(tab, dataset, after, back ? [...gone, back] : gone);
  }

  /** What a person gives up, or has deleted everywhere, may go. */
  #noteGivenUp(tab: Tab, dataset: DatasetName, after: JsonValue | undefined, gone: readonly GhostWrite[]): void {
    for (const { type, dataset: of } of tab.calls) {
      const isMeant =
        type === "discard" || type === "resolve" || (type === "delete" && of === dataset && after === undefined);
      if (isMeant) for (const write of gone) write.excuse ??= type;
    }
  }

  #noteWrite(
    tab: Tab,
    at: { dataset: DatasetName; key: RecordKey; home: string | null; known: readonly number[] },
    write: GhostWrite,
  ): void {
    // Calls that were not awaited one by one became one transaction: the later one saw the earlier ones.
    const earlier = writesOf(tab, "write", at.dataset, at.key)
      .flatMap(({ writes }) => writes)
      .map((id) => this.ghost.writes[id])
      .filter((other) => other?.order === 0 && other.place === write.place && other.id < write.id);
    let { known } = at;
    for (const other of earlier) {
      if (!other) continue;
      this.ghost.commit(other, known, at.home);
      other.isReplaced = true;
      known = [...known, other.id];
    }
    this.ghost.commit(write, known, at.home);
  }

  #removalUnderWay(tab: Tab, dataset: string, key: string): GhostWrite | undefined {
    for (const { writes } of writesOf(tab, "remove", dataset, key)) {
      const removal = this.ghost.writes[writes[0] ?? -1];
      if (removal?.order === 0) return removal;
    }
    return undefined;
  }

  /** Removals of the record that this database has pulled. */
  #knownRemovals({ database, name }: OpenDatabase, dataset: DatasetName, key: RecordKey): readonly number[] {
    const known = database.state(dataset).checkpoint?.syncCount ?? 0;
    const identity = this.#identityOf(name);
    const landed = this.#removedThere.get(`${identity}/${dataset}/${key}`) ?? [];
    return landed.filter(({ syncCount }) => syncCount <= known).map(({ write }) => write.id);
  }

  #noteConflict(tab: Tab, at: OpenDatabase, conflict: ConflictRecord): void {
    const { key, dataset, local, remote, result, kind, state, clashes, group = [] } = conflict;
    this.#circumstances.happened(`conflict ${kind} ${state}${conflict.group ? " of a group" : ""}`);
    if (state === "settled") {
      for (const one of [conflict, ...group]) {
        for (const write of [...this.ghost.in(one.local), ...this.ghost.in(one.remote)]) {
          if (this.ghost.at(one.result, write.place) !== write) this.#lost.add(write);
        }
        if (one.result !== undefined && one.local === undefined) {
          const removal = this.#removedHere.get(`${at.name}/${dataset}/${one.key}`);
          if (removal) this.#lost.add(removal);
        }
      }
      if (result !== undefined && remote === undefined) {
        const landed = this.#removedThere.get(`${this.#identityOf(at.name)}/${dataset}/${key}`) ?? [];
        for (const { write } of landed) this.#lost.add(write);
      }
    }
    // It is told once; later it is told how it went on.
    const isNew = !this.#met.has(conflict.id);
    this.#met.add(conflict.id);
    if (!isNew || kind === "cloud-restored" || kind === "guest-merge" || this.#circumstances.wasRestored()) return;
    if (this.#circumstances.wasWrittenDirectly(dataset) || this.#deleted.has(dataset)) return;
    // Where a record was removed, two that make it anew have nothing in common, and an edit elsewhere brings back the old.
    if (this.#wasRemoved.has(`${dataset}/${key}`)) return;
    for (const mine of this.ghost.in(local)) {
      const theirs = this.ghost.at(remote, mine.place);
      if (!theirs || theirs === mine || !(clashes.includes("") || clashes.includes(`/${mine.place}`))) continue;
      if (this.ghost.isBuiltOn(mine, theirs) || this.ghost.isBuiltOn(theirs, mine)) {
        const what = `${tab.name} reports a conflict of ${dataset} ${key} between a value and one that was built on it`;
        this.#circumstances.violate(`${what} (${theirs.place} ${theirs.id}, ${mine.id})`);
      }
    }
  }

  #noteAttempt(at: OpenDatabase, dataset: DatasetName, attempt: Attempt): void {
    const removals = new Map<RecordKey, GhostWrite>();
    for (const { key, value } of attempt.records) {
      const removal = this.#removedHere.get(`${at.name}/${dataset}/${key}`);
      if (value === undefined && removal) removals.set(key, removal);
    }
    const dropped: GhostWrite[] = [];
    if (attempt.deletion) {
      this.#circumstances.happened("deletion planned");
      this.#deleted.add(dataset);
      for (const { value } of at.database.records(dataset).values()) dropped.push(...this.ghost.in(value));
      for (const { key } of attempt.deletion.dropped) {
        const removal = this.#removedHere.get(`${at.name}/${dataset}/${key}`);
        if (removal) dropped.push(removal);
      }
    }
    this.#attempts.set(attempt.commit, { removals, dropped });
  }

  /** S-8: a replica never stands at a version that it does not hold whole. */
  #checkCheckpoint({ database }: OpenDatabase, dataset: DatasetName, { commit }: Checkpoint): void {
    const counted = commit === null ? new Map<RecordKey, string>() : this.#history.get(`${dataset}/${commit}`);
    if (!counted) return this.#circumstances.violate(`a checkpoint of ${dataset} is at a commit that never landed`);
    let bases = 0;
    for (const [key, { base }] of database.records(dataset)) {
      if (!base) continue;
      bases += 1;
      if (counted.get(key) !== versionName(base)) {
        this.#circumstances.violate(
          `the checkpoint of ${dataset} passed ${key}, which is not what the cloud held there`,
        );
      }
    }
    if (bases !== counted.size) {
      this.#circumstances.violate(`the checkpoint of ${dataset} passed a commit of which records are missing here`);
    }
  }

  #identityOf(database: string): string {
    return this.#identities.get(database) ?? "nobody";
  }

  landed(identity: IdentityId, dataset: DatasetName, attempt: Attempt, replaced: Landed, table: MemoryTable): void {
    const { head, records } = table.table(dataset);
    if (!head) return;
    const sent = this.#attempts.get(attempt.commit);
    if (attempt.deletion) for (const write of sent?.dropped ?? []) write.excuse ??= "deleted with its dataset";
    const floor = replaced.head?.floor ?? 0;
    const fresh: GhostWrite[] = [];
    for (const { key, value } of attempt.records) {
      const there = replaced.records.get(key) ?? null;
      const old = there && there.syncCount > floor ? there : null;
      const removal = sent?.removals.get(key);
      if (!this.#circumstances.wasWrittenDirectly(dataset))
        this.#checkOverwrite(identity, dataset, key, old, value, removal);
      for (const write of value === undefined ? (removal ? [removal] : []) : this.ghost.in(value)) {
        const isHome = write.home === null || write.home === identity;
        if (isHome && !write.hasLanded) fresh.push(write);
        if (isHome) write.hasLanded = true;
      }
      if (removal) {
        const name = `${identity}/${dataset}/${key}`;
        const landed = this.#removedThere.get(name) ?? [];
        landed.push({ write: removal, syncCount: head.syncCount });
        this.#removedThere.set(name, landed);
      }
    }
    const name = `${dataset}/${head.commit}`;
    if (this.#history.has(name) && !this.#circumstances.wasRestored()) {
      this.#circumstances.violate(`the commit ${head.commit} of ${dataset} was applied twice`);
    }
    this.#history.set(name, countedOf(records.values(), head.floor));
    if (!this.#circumstances.wasWrittenDirectly(dataset)) {
      // What a restored cloud has lost is offered again record by record (S-12).
      const parted = this.#circumstances.wasRestored() ? [] : partedGroups(this.ghost, table.values(dataset), fresh);
      for (const what of parted) this.#circumstances.violate(`${dataset}: ${what}`);
    }
    this.#checkHead(identity, dataset, table);
  }

  /** No value goes over one that its writer did not know, but where a conflict says so. */
  #checkOverwrite(
    identity: IdentityId,
    dataset: DatasetName,
    key: RecordKey,
    old: RemoteRecord | null,
    value: JsonValue | undefined,
    removal: GhostWrite | undefined,
  ): void {
    const now = this.ghost.in(value);
    if (old?.content.type === "live") {
      for (const write of this.ghost.in(old.content.value)) {
        const after = this.ghost.at(value, write.place);
        const over = after ? [after] : value === undefined ? (removal ? [removal] : []) : now;
        if (after === write || this.#lost.has(write) || write.excuse) continue;
        if (over.some((later) => this.ghost.isBuiltOn(later, write))) continue;
        this.#circumstances.violate(
          `${dataset} ${key} ${write.place}: ${after?.id ?? removal?.id ?? "nothing"} was written over ${write.id}, which it was not built on, and no conflict says so`,
        );
      }
      return;
    }
    for (const { write: removed } of this.#removedThere.get(`${identity}/${dataset}/${key}`) ?? []) {
      if (this.#lost.has(removed) || removed.excuse || this.#circumstances.wasRestored()) continue;
      for (const write of now) {
        if (!removed.parents.includes(write.id)) continue;
        this.#circumstances.violate(`${dataset} ${key}: ${write.id} came back although ${removed.id} had removed it`);
      }
    }
  }

  /** S-1. A digest that somebody broke from outside may stay wrong until it is repaired; nobody may make it wrong. */
  #checkHead(identity: IdentityId, dataset: DatasetName, table: MemoryTable): void {
    const place = `${identity}/${dataset}`;
    const isTrue = isHeadTrue(table, dataset);
    if (!isTrue && (this.#isTrue.get(place) ?? true)) {
      this.#circumstances.violate(`the head of ${dataset} does not add up to its records`);
    }
    this.#isTrue.set(place, isTrue);
  }

  /** Somebody wrote into the table from outside. */
  distrust(identity: IdentityId, dataset: DatasetName): void {
    this.#isTrue.set(`${identity}/${dataset}`, false);
  }

  /** What is not in the cloud any more, after it went back, must come again from whoever holds it. */
  wentBack(
    before: readonly RemoteRecord[],
    after: readonly RemoteRecord[],
    isHeld: (write: GhostWrite) => boolean,
  ): void {
    const kept = new Set(after.flatMap(({ content }) => (content.type === "live" ? this.ghost.in(content.value) : [])));
    for (const { content } of before) {
      if (content.type !== "live") continue;
      for (const write of this.ghost.in(content.value)) {
        if (kept.has(write)) continue;
        if (isHeld(write)) write.hasLanded = false;
        else write.excuse ??= "the cloud went back, and nobody held it";
      }
    }
  }

  /** In the cloud, written over by somebody who knew it, named in a conflict, or gone for a reason. */
  isAccountedFor(write: GhostWrite): boolean {
    return write.hasLanded || write.isReplaced || write.excuse !== null || this.#lost.has(write);
  }
}
