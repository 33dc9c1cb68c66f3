// The loop that makes one dataset equal here and in the cloud. It only waits, sends and stores: what an answer means is
// decided by core, inside the local transaction that acts on it.
//
//            ┌────────────── stale ───────────────┐
//            ▼                                    │
//   pull ── verified ──► push ── attempt ──► send ┤── committed ──► push
//    │ ▲                  │                       │
//    │ └─ not verified    └─ nothing ──► done     ├── record refused ──► compare
//    ▼    (three times)                           └── unclear ──► wait, send again
//   compare ── verified ──► push
import {
  acknowledgeCommit,
  adoptPull,
  formatVersion,
  emptyCheckpoint,
  isCloudBehind,
  needsWholeReplica,
  otherWriterMs,
  planCommit,
  planDeletion,
  planRepair,
  pullTriesMax,
  pushTurn,
  rejectRecords,
  rereadDelayMs,
  SyncError,
  commitRecordsMax,
  errorToInfo,
  isRetryable,
  isSyncError,
  jsonEquals,
  type AnyResolver,
  type Attempt,
  type CommitId,
  type Head,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type Pulled,
  type RebaseContext,
  type RemoteRecord,
  type ReplicaId,
  type ReplicaState,
  type Resolver,
  type SyncErrorInfo,
} from "@holdfast/core";
import type { SyncStatus } from "./api.ts";
import { backoffMs } from "./backoff.ts";
import type { DatasetReplica } from "./dataset-replica.ts";
import { SyncTally, type SyncResult } from "./sync-tally.ts";
import type { Change, View } from "./local-store.ts";
import type { CommitOutcome, Cost, DamagedItem, Page, RemoteStore } from "./remote-store.ts";
import { readPages } from "./pages.ts";
import { failuresMax } from "./retrying.ts";
import { rereadUnreadable } from "./reread.ts";
import type { RuntimeImplementation } from "./runtime.ts";
import { sweepDataset } from "./sweep.ts";

export interface SyncContext {
  readonly replica: DatasetReplica;
  readonly replicaId: ReplicaId;
  readonly remote: RemoteStore;
  readonly runtime: RuntimeImplementation;
  readonly resolver: Resolver<JsonValue> | AnyResolver | undefined;
  /** What this app makes of values: see RebaseContext. */
  readonly values: Pick<RebaseContext, "version" | "upgrade" | "isValid">;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: () => number;
  readonly newCommit: () => CommitId;
  readonly signal: AbortSignal;
  /** S-11: the dataset is to be deleted everywhere. */
  readonly deletes: boolean;
  readonly onPhase: (phase: SyncStatus["phase"]) => void;
  readonly onProgress: (progress: { readonly pulled: number; readonly total: number | null }) => void;
  readonly onCost: (purpose: "push" | "pull" | "poll" | "verify", cost: Cost) => void;
}

export type Start = "pull" | "push" | "compare";

type Step =
  | { readonly type: "pull" }
  | { readonly type: "compare" }
  | { readonly type: "push" }
  | { readonly type: "send"; readonly attempt: Attempt; readonly first: boolean }
  | { readonly type: "done" };

/** Refusals in a row that are answered at once, and those after which a run ends: far more than contention makes. */
const refusalsFree = 3;
const refusalsMax = 200;

/** Commits of a run beyond one for each record that waited when it began. */
const commitsExtra = 32;

/** Runs until there is nothing left to do, or until nothing more can be done now. Rejects only where it was aborted. */
export async function syncDataset(context: SyncContext, start: Start): Promise<SyncResult> {
  const run = new DatasetSync(context);
  await rereadUnreadable(context);
  let step: Step = { type: start };
  while (step.type !== "done") step = await run.take(step);
  return run.result();
}

class DatasetSync {
  readonly #context: SyncContext;
  readonly #tally = new SyncTally();
  #verified = false;
  #failures = 0;
  /** S-18: until when another writer counts as being at work, and commits since it was let in. */
  #othersUntil = 0;
  #commitsInTurn = 0;
  /** Refusals in a row without a commit of this replica's own between them. */
  #refusals = 0;
  #unverified = 0;
  #recordsMax = commitRecordsMax;
  /** Commits that this run may still make: a dataset that is written all the time must let others have their turn. */
  #commitsLeft: number | null = null;
  /** As it was read last. */
  #head: Head | null = null;
  /** S-11: the deletion that was asked for has landed, or there was nothing to delete. */
  #isDeleted = false;

  constructor(context: SyncContext) {
    this.#context = context;
  }

  async take(step: Exclude<Step, { type: "done" }>): Promise<Step> {
    this.#context.signal.throwIfAborted();
    try {
      switch (step.type) {
        case "pull":
          return await this.#pull();
        case "compare":
          return await this.#compare();
        case "push":
          return await this.#push();
        case "send":
          return await this.#send(step.attempt, step.first);
      }
    } catch (error) {
      this.#context.signal.throwIfAborted();
      return this.#fail(error, step);
    }
  }

  result(): SyncResult {
    return this.#tally.result(this.#context.replica.name, this.#verified);
  }

  /** S-7, S-8: everything since the checkpoint. */
  async #pull(): Promise<Step> {
    this.#context.onPhase("pulling");
    const { replica, remote, signal } = this.#context;
    const since = replica.state.checkpoint?.syncCount ?? emptyCheckpoint.syncCount;
    const read = await this.#readPages("pull", (cursor) =>
      remote.pullPage({ dataset: replica.name, since, cursor, signal }),
    );
    const { checkpoint } = replica.state;
    if (read.head === null) {
      const nothingYet = (checkpoint === null || checkpoint.commit === null) && read.records.length === 0;
      return nothingYet && read.damaged.length === 0 ? this.#startEmpty() : { type: "compare" };
    }
    if (isCloudBehind(replica.state, read.head, this.#context.replicaId)) return { type: "compare" };
    const { head } = read;
    if (head.commit !== replica.state.checkpoint?.commit && head.commit !== replica.state.attempt?.commit) {
      this.#noteOthers(head.committedAt);
    }
    if (await this.#adopt({ head, records: read.records, whole: false })) return this.#afterPull();
    this.#unverified += 1;
    if (this.#unverified >= pullTriesMax) return { type: "compare" };
    await this.#sleep(rereadDelayMs.min + this.#context.runtime.random() * rereadDelayMs.min * 2 ** this.#unverified);
    return { type: "pull" };
  }

  /** Neither head nor record: verified, and the next commit makes the head. */
  async #startEmpty(): Promise<Step> {
    await this.#context.replica.transact("cloud", { type: "keys", keys: [] }, ({ state }) => ({
      change: state.checkpoint ? {} : { state: { ...state, checkpoint: emptyCheckpoint } },
      result: undefined,
    }));
    return this.#afterPull();
  }

  /** S-9: the whole dataset by key, between two reads of its head. */
  async #compare(): Promise<Step> {
    this.#context.onPhase("pulling");
    const { replica, remote, signal } = this.#context;
    const dataset = replica.name;
    const before = await this.#readPages("verify", () => remote.readHead({ dataset, signal }));
    const listing = await this.#readPages("verify", (cursor) => remote.listPage({ dataset, cursor, signal }));
    const { head } = await this.#readPages("verify", () => remote.readHead({ dataset, signal }));
    this.#tally.damaged = listing.damaged;
    const still = before.head?.commit === head?.commit;
    if (head === null) {
      if (listing.records.length === 0 && replica.state.checkpoint?.commit == null && still) return this.#startEmpty();
    } else if (still && (await this.#adopt({ head, records: listing.records, whole: true }))) {
      await this.#holdDamaged(listing.damaged);
      return this.#afterPull();
    }
    if (still && (await this.#repairHead(head, listing.records))) return { type: "compare" };
    this.#unverified += 1;
    if (this.#unverified < pullTriesMax * 2) {
      await this.#sleep(Math.min(rereadDelayMs.min * 2 ** this.#unverified, rereadDelayMs.max));
      return { type: "compare" };
    }
    throw new SyncError({
      code: "cloud-misconfigured",
      message: `The cloud's copy of "${dataset}" does not add up to its own digest: something wrote to the table without Holdfast's rules, or a commit is still under way. Nothing was changed here; it is tried again at the next sync.`,
      dataset,
    });
  }

  /** An item that is no version stands where a new record shall go: its condition would refuse it for ever (S-3). */
  async #holdDamaged(damaged: readonly DamagedItem[]): Promise<void> {
    const { replica, now } = this.#context;
    const { attempt } = replica.state;
    const errors = new Map(damaged.map(({ key, error }) => [key, error.info]));
    const inTheWay = attempt?.records.filter(({ key }) => errors.has(key)) ?? [];
    if (!attempt || inTheWay.length === 0) return;
    await replica.transact("cloud", { type: "keys", keys: inTheWay.map(({ key }) => key) }, ({ state, records }) => {
      if (state.attempt?.commit !== attempt.commit) return { change: {}, result: undefined };
      const held = new Map<RecordKey, LocalRecord>();
      for (const { key } of inTheWay) {
        const error = errors.get(key);
        const at = { at: now(), commit: attempt.commit };
        if (error) for (const [of, record] of rejectRecords(records, new Set([key]), error, at)) held.set(of, record);
      }
      return { change: { state: { ...state, attempt: null }, records: held }, result: undefined };
    });
  }

  /** S-10, S-13: a head that disagrees with the whole listing is written anew. False: not allowed yet, or lost the race. */
  async #repairHead(head: Head | null, records: readonly RemoteRecord[]): Promise<boolean> {
    const { replica, remote, signal, replicaId, now } = this.#context;
    const repair = planRepair(replica.state, head, records, {
      commit: this.#context.newCommit(),
      replica: replicaId,
      newLineage: this.#context.newCommit(),
      now: now(),
      seenBefore: replica.disagreement,
    });
    replica.disagreement = repair.disagreement;
    if (repair.attempt === null) return false;
    const outcome = await remote.commit({ dataset: replica.name, attempt: repair.attempt, signal });
    this.#count("verify", outcome.cost);
    return outcome.type === "committed";
  }

  #afterPull(): Step {
    this.#verified = true;
    this.#unverified = 0;
    this.#failures = 0;
    const { attempt } = this.#context.replica.state;
    if ((this.#head?.format ?? 0) > formatVersion) return this.#refuseToWrite();
    return attempt ? { type: "send", attempt, first: false } : { type: "push" };
  }

  /** S-19: what is newer may mean something that a commit of this version would break. */
  #refuseToWrite(): Step {
    const { replica } = this.#context;
    if (replica.outbox === 0 && replica.state.attempt === null) return { type: "push" };
    this.#block({
      code: "format-too-new",
      message: `The dataset "${replica.name}" was written by a newer version of this app. What is new is read; edits wait here. Update the app.`,
    });
    return { type: "done" };
  }

  /** One local transaction that believes what was read, or nothing where it does not add up. */
  async #adopt(pulled: Pulled): Promise<boolean> {
    const { replica, replicaId, resolver, now } = this.#context;
    const { state } = replica;
    const keys = [...pulled.records.map(({ key }) => key), ...(state.attempt?.records ?? []).map(({ key }) => key)];
    const whole = needsWholeReplica(state, pulled);
    const outcome = await replica.transact(
      "cloud",
      whole ? { type: "all" } : { type: "keys", keys: [...new Set(keys)] },
      (view) => {
        // S-15: another tab may have moved on since.
        if (
          view.state.attempt?.commit !== state.attempt?.commit ||
          view.state.checkpoint?.commit !== state.checkpoint?.commit
        ) {
          return { change: {}, result: null };
        }
        const adopted = adoptPull(view.state, view.records, pulled, {
          dataset: replica.name,
          replica: replicaId,
          resolver,
          now: now(),
          ...this.#context.values,
        });
        if (adopted.type === "unverified") return { change: {}, result: null };
        // What could not be read here is replaced by the cloud's, or goes where the cloud has none; it is kept aside.
        const records = new Map(adopted.records);
        if (whole) for (const key of view.damaged) if (!records.has(key)) records.set(key, null);
        const repaired = whole ? [...adopted.repaired, ...view.damaged] : adopted.repaired;
        return {
          change: { state: adopted.state, records, conflicts: adopted.conflicts },
          result: { ...adopted, repaired },
        };
      },
    );
    if (outcome === null) return false;
    const { deletion, floor } = state.attempt ?? { deletion: null, floor: 0 };
    if (deletion && replica.state.attempt === null && pulled.head.floor >= floor) this.#isDeleted = true;
    this.#tally.adopt(outcome);
    return true;
  }

  /** Contention costs less with waiting (S-14); what is refused for ever, though all adds up, must not be sent for ever. */
  async #refusedBy(next: "pull" | "compare"): Promise<Step> {
    this.#refusals += 1;
    if (this.#refusals > refusalsMax) {
      const message = `The cloud refuses each commit of "${this.#context.replica.name}", although what was read of it adds up. Something may write to the table without Holdfast's rules; it is tried again at the next sync.`;
      throw new SyncError({ code: "cloud-misconfigured", message });
    }
    const { runtime } = this.#context;
    if (this.#refusals > refusalsFree) await this.#sleep(backoffMs(this.#refusals - refusalsFree, runtime.random()));
    return { type: next };
  }

  /** S-18: somebody else was at work at `at`. */
  #noteOthers(at: number): void {
    this.#othersUntil = Math.max(this.#othersUntil, at + otherWriterMs);
  }

  /** S-18: a bulk push gives way to others, and never waits where there are none. */
  async #takeTurns(): Promise<void> {
    this.#commitsInTurn += 1;
    if (this.#commitsInTurn < pushTurn.commitsMax || this.#context.now() > this.#othersUntil) return;
    this.#commitsInTurn = 0;
    await this.#sleep(pushTurn.pauseMs);
  }

  /** Makes the next attempt durable. */
  async #push(): Promise<Step> {
    const { replica, deletes } = this.#context;
    if (deletes && !this.#isDeleted)
      return replica.transact("cloud", { type: "all" }, (view) => this.#planDeletion(view));
    const selection = { type: "outbox", limit: this.#recordsMax, keys: [] } as const;
    const step = await replica.transact<Step>("cloud", selection, (view) => this.#plan(view));
    return step.type === "done" ? this.#sweep() : step;
  }

  /** S-11: a deletion is an attempt like any other; where the cloud has nothing, only what is pending here goes. */
  #planDeletion({ state, records }: View): { change: Change; result: Step } {
    const { replicaId, now, newCommit } = this.#context;
    if (state.attempt) return { change: {}, result: { type: "send", attempt: state.attempt, first: false } };
    if (state.checkpoint === null) return { change: {}, result: { type: "pull" } };
    const pending = [...records.values()].filter((record) => record.pending !== null);
    if (state.checkpoint.commit === null) {
      this.#isDeleted = true;
      const gone = new Map(pending.map(({ key }) => [key, null] as const));
      return { change: { records: gone }, result: { type: "push" } };
    }
    const ids = { commit: newCommit(), newLineage: newCommit(), replica: replicaId, now: now() };
    const attempt = planDeletion(state.checkpoint, pending, ids);
    return { change: { state: { ...state, attempt } }, result: { type: "send", attempt, first: true } };
  }

  /** S-11: whoever comes by takes out what a deletion has ended. It is not urgent: nobody sees it. */
  async #sweep(): Promise<Step> {
    const { replica, remote, signal } = this.#context;
    const head = this.#head;
    const isHere = head !== null && head.commit === replica.state.checkpoint?.commit;
    if (!isHere || head.floor === 0 || head.swept || head.format > formatVersion) return { type: "done" };
    await sweepDataset({ dataset: replica.name, remote, signal }, head, (cost) => this.#count("push", cost));
    return { type: "done" };
  }

  #plan(view: View): { change: { state?: ReplicaState }; result: Step } {
    const { replicaId, now } = this.#context;
    const { state } = view;
    if (state.attempt) return { change: {}, result: { type: "send", attempt: state.attempt, first: false } };
    if (state.checkpoint === null) return { change: {}, result: { type: "pull" } };
    this.#commitsLeft ??= this.#context.replica.outbox + commitsExtra;
    if (this.#commitsLeft === 0) return { change: {}, result: { type: "done" } };
    const pending = [...view.records.values()].sort((a, b) => (a.pending?.order ?? 0) - (b.pending?.order ?? 0));
    const attempt = planCommit(state.checkpoint, pending, {
      commit: this.#context.newCommit(),
      replica: replicaId,
      newLineage: this.#context.newCommit(),
      now: now(),
      recordsMax: this.#recordsMax,
    });
    this.#commitsLeft -= 1;
    if (attempt === null) return { change: { state: { ...state, lastSyncedAt: now() } }, result: { type: "done" } };
    return { change: { state: { ...state, attempt } }, result: { type: "send", attempt, first: true } };
  }

  async #send(attempt: Attempt, first: boolean): Promise<Step> {
    const { replica, remote, signal, onPhase } = this.#context;
    onPhase("pushing");
    const outcome = await remote.commit({ dataset: replica.name, attempt, signal });
    this.#count("push", outcome.cost);
    switch (outcome.type) {
      case "committed":
        // What a deletion leaves here is decided by the pull that finds it landed (S-6).
        return attempt.deletion ? { type: "pull" } : this.#acknowledge(attempt);
      case "stale":
        this.#noteOthers(this.#context.now());
        return this.#refusedBy("pull");
      case "record-refused":
        this.#noteOthers(this.#context.now());
        return this.#refusedBy("compare");
      case "unclear":
        return this.#fail(outcome.error, { type: "send", attempt, first: false });
      case "invalid":
      case "blocked":
        return this.#refused(attempt, outcome, first);
    }
  }

  /** Bases := sent values; and, in the same transaction, the next attempt. */
  async #acknowledge(attempt: Attempt): Promise<Step> {
    const { replica } = this.#context;
    this.#failures = 0;
    this.#refusals = 0;
    this.#verified = true;
    const keys = attempt.records.map(({ key }) => key);
    const limit = keys.length + this.#recordsMax;
    const step = await replica.transact<Step>("cloud", { type: "outbox", limit, keys }, (view) => {
      if (view.state.attempt?.commit !== attempt.commit) return { change: {}, result: { type: "push" } };
      const { state, records } = acknowledgeCommit(view.state, attempt, ({ key }) => view.records.get(key));
      const after = new Map(view.records);
      for (const [key, record] of records) {
        if (record) after.set(key, record);
        else after.delete(key);
      }
      const planned = this.#plan({ state, records: after, damaged: [] });
      return { change: { state: planned.change.state ?? state, records }, result: planned.result };
    });
    this.#tally.pushed += attempt.records.length;
    if (step.type === "send") await this.#takeTurns();
    return step;
  }

  /** S-5, S-14: the answer says that nothing was applied. On a repeat only a strong read can end the attempt. */
  async #refused(
    attempt: Attempt,
    outcome: Extract<CommitOutcome, { type: "invalid" | "blocked" }>,
    first: boolean,
  ): Promise<Step> {
    const { replica, now } = this.#context;
    if (!first && !(await this.#isHeadAtBase(attempt))) return { type: "pull" };
    const alone = attempt.records.length === 1;
    const atFault = new Set(
      outcome.type === "invalid" ? (alone ? attempt.records.map(({ key }) => key) : outcome.keys) : [],
    );
    await replica.transact("cloud", { type: "keys", keys: attempt.records.map(({ key }) => key) }, (view) => {
      if (view.state.attempt?.commit !== attempt.commit) return { change: {}, result: undefined };
      // What was edited since was not refused: it goes up with the next attempt.
      const refused = attempt.records.filter(
        ({ key, value }) => atFault.has(key) && jsonEquals(view.records.get(key)?.value, value),
      );
      const keys = new Set(refused.map(({ key }) => key));
      const records = rejectRecords(view.records, keys, outcome.error.info, { at: now(), commit: attempt.commit });
      return { change: { state: { ...view.state, attempt: null }, records }, result: undefined };
    });
    // A deletion has no record that could be singled out.
    if (outcome.type === "blocked" || attempt.deletion) {
      this.#block(outcome.error.info);
      return { type: "done" };
    }
    if (atFault.size === 0) this.#recordsMax = Math.max(1, Math.floor(attempt.records.length / 2));
    return { type: "push" };
  }

  async #isHeadAtBase(attempt: Attempt): Promise<boolean> {
    const { replica, remote, signal } = this.#context;
    const { head } = await this.#readPages("push", () => remote.readHead({ dataset: replica.name, signal }));
    return head === null ? attempt.base.commit === null : head.commit === attempt.base.commit;
  }

  async #readPages(purpose: "pull" | "verify" | "push", readPage: (cursor: unknown) => Promise<Page>) {
    const read = await readPages(readPage, (page, records, isFirst) => {
      this.#count(purpose === "pull" && isFirst && page.records.length === 0 ? "poll" : purpose, page.cost);
      this.#head = page.head ?? this.#head;
      this.#context.onProgress({ pulled: records, total: page.head?.recordCount ?? null });
    });
    if (read.damaged.length > 0) this.#tally.damaged = read.damaged;
    return read;
  }

  /** Waits and takes the step again, or ends the run with what went wrong. */
  async #fail(error: unknown, step: Step): Promise<Step> {
    const info = errorToInfo(error);
    if (!isRetryable(info.code)) {
      this.#block(info);
      return { type: "done" };
    }
    this.#failures += 1;
    const { runtime } = this.#context;
    if (this.#failures >= failuresMax || !runtime.online() || isSyncError(error, "offline")) {
      this.#tally.stop(info, { blocked: false });
      return { type: "done" };
    }
    this.#context.onPhase("backing-off");
    await this.#sleep(backoffMs(this.#failures, runtime.random()));
    return step.type === "send" ? { ...step, first: false } : step;
  }

  #block(info: SyncErrorInfo): void {
    this.#tally.stop({ ...info, dataset: this.#context.replica.name }, { blocked: true });
  }

  #sleep(ms: number): Promise<void> {
    return this.#context.runtime.sleep(ms, this.#context.signal);
  }

  #count(purpose: "push" | "pull" | "poll" | "verify", cost: Cost): void {
    this.#tally.spend(cost);
    this.#context.onCost(purpose, cost);
  }
}
