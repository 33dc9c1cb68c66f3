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
  planCommit,
  planDeletion,
  pullTriesMax,
  rereadDelayMs,
  SyncError,
  commitRecordsMax,
  commitsExtra,
  errorToInfo,
  isRetryable,
  isSyncError,
  type Attempt,
  type Head,
  type Pulled,
  type ReplicaState,
  type SyncErrorInfo,
} from "@holdfast/core";
import { backoffMs } from "./backoff.ts";
import { Contention } from "./contention.ts";
import { endAttempt } from "./end-attempt.ts";
import type { Change, View } from "./local-store.ts";
import type { CommitOutcome, Cost, DamagedItem, Page } from "./remote-store.ts";
import { readPages } from "./pages.ts";
import { failuresMax } from "./retrying.ts";
import { repairHead } from "./repair-head.ts";
import { rereadUnreadable } from "./reread.ts";
import { sweepDataset } from "./sweep.ts";
import type { SyncContext } from "./sync-context.ts";
import { SyncTally, type SyncResult } from "./sync-tally.ts";

export type Start = "pull" | "push" | "compare";

type Step =
  | { readonly type: "pull" }
  | { readonly type: "compare" }
  | { readonly type: "push" }
  | { readonly type: "send"; readonly attempt: Attempt; readonly first: boolean }
  | { readonly type: "done" };

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
  readonly #contention: Contention;
  #verified = false;
  #failures = 0;
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
    const { replica, runtime, signal, now } = context;
    this.#contention = new Contention({ dataset: replica.name, runtime, signal, now });
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
    const { replica, remote, runtime, signal } = this.#context;
    const since = replica.state.checkpoint?.syncCount ?? emptyCheckpoint.syncCount;
    const read = await this.#readPages("pull", (cursor) =>
      remote.pullPage({ dataset: replica.name, since, cursor, signal }),
    );
    const { checkpoint } = replica.state;
    if (read.head === null) {
      const nothingYet = (checkpoint === null || checkpoint.commit === null) && read.records.length === 0;
      return nothingYet && read.damaged.length === 0 ? this.#startEmpty() : { type: "compare" };
    }
    const { head } = read;
    if (isCloudBehind(replica.state, head, this.#context.replicaId)) return { type: "compare" };
    if (head.commit !== checkpoint?.commit && head.commit !== replica.state.attempt?.commit) {
      this.#contention.noteOthers(head.committedAt);
    }
    if (await this.#adopt({ head, records: read.records, whole: false })) return this.#afterPull();
    this.#unverified += 1;
    if (this.#unverified >= pullTriesMax) return { type: "compare" };
    await runtime.sleep(rereadDelayMs.min * (1 + runtime.random() * 2 ** this.#unverified), signal);
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
    const { replica, remote, runtime, signal } = this.#context;
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
    const onCost = (cost: Cost): void => this.#count("verify", cost);
    if (still && (await repairHead(this.#context, head, listing.records, onCost))) return { type: "compare" };
    this.#unverified += 1;
    if (this.#unverified < pullTriesMax * 2) {
      await runtime.sleep(Math.min(rereadDelayMs.min * 2 ** this.#unverified, rereadDelayMs.max), signal);
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
    if (attempt?.records.some(({ key }) => errors.has(key))) await endAttempt(replica, attempt, errors, now());
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

  /** Makes the next attempt durable. */
  async #push(): Promise<Step> {
    const { replica, deletes } = this.#context;
    if (deletes && !this.#isDeleted)
      return replica.transact("cloud", { type: "all" }, (view) => this.#planDeletion(view));
    const selection = { type: "outbox", limit: this.#recordsMax, keys: [] } as const;
    const step = await replica.transact<Step>("cloud", selection, (view) => this.#plan(view));
    if (step.type === "done") await sweepDataset(this.#context, this.#head, (cost) => this.#count("push", cost));
    return step;
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
        await this.#contention.refused();
        return { type: "pull" };
      case "record-refused":
        await this.#contention.refused();
        return { type: "compare" };
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
    this.#contention.landed();
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
    if (step.type === "send") await this.#contention.takeTurns();
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
    const atFault = outcome.type === "blocked" ? [] : alone ? attempt.records.map(({ key }) => key) : outcome.keys;
    const errors = new Map(atFault.map((key) => [key, outcome.error.info]));
    await endAttempt(replica, attempt, errors, now());
    // A deletion has no record that could be singled out.
    if (outcome.type === "blocked" || attempt.deletion) {
      this.#block(outcome.error.info);
      return { type: "done" };
    }
    if (atFault.length === 0) this.#recordsMax = Math.max(1, Math.floor(attempt.records.length / 2));
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
    const { runtime, signal } = this.#context;
    if (this.#failures >= failuresMax || !runtime.online() || isSyncError(error, "offline")) {
      this.#tally.stop(info, { blocked: false });
      return { type: "done" };
    }
    this.#context.onPhase("backing-off");
    await runtime.sleep(backoffMs(this.#failures, runtime.random()), signal);
    return step.type === "send" ? { ...step, first: false } : step;
  }

  #block(info: SyncErrorInfo): void {
    this.#tally.stop({ ...info, dataset: this.#context.replica.name }, { blocked: true });
  }

  #count(purpose: "push" | "pull" | "poll" | "verify", cost: Cost): void {
    this.#tally.spend(cost);
    this.#context.onCost(purpose, cost);
  }
}
