// The loop that makes one dataset equal here and in the cloud. It only waits, sends and stores: what comes next is decided
// by core's state machine, and what an answer means by core's decisions, inside the local transaction that acts on it.
import {
  commitRecordsMax,
  decideAcknowledgement,
  decideAdoption,
  decideCommit,
  decideDeletion,
  decideEmpty,
  decideEnd,
  decideReread,
  emptyCheckpoint,
  errorToInfo,
  isReadableNow,
  nextRun,
  phaseOf,
  selectionOf,
  startRun,
  type Attempt,
  type Course,
  type Decided,
  type Facts,
  type RebaseContext,
  type Selection,
  type Stage,
  type Start,
  type SyncEvent,
  type View,
} from "@holdfast/core";
import { readPages } from "./pages.ts";
import type { CommitOutcome, Cost, Page } from "./remote-store.ts";
import { repairHead } from "./repair-head.ts";
import { sweepDataset } from "./sweep.ts";
import type { SyncContext } from "./sync-context.ts";
import { SyncTally, type SyncResult } from "./sync-tally.ts";

/** Records that are read to plan a commit: one more than it takes, so that what is cut off is never the first group. */
const outboxRead = commitRecordsMax + 1;

type Working = Exclude<Stage, { readonly type: "done" }>;

/** Runs until there is nothing left to do, or until nothing more can be done now. Rejects only where it was aborted. */
export async function syncDataset(context: SyncContext, start: Start): Promise<SyncResult> {
  const steps = new SyncSteps(context);
  let run = startRun(start, { deletes: context.deletes });
  while (run.stage.type !== "done") {
    const phase = phaseOf(run.stage);
    if (phase) context.onPhase(phase);
    const event = await steps.take(run.stage, run.course);
    steps.tally.note(run.stage, event);
    run = nextRun(run, event, factsOf(context));
  }
  return steps.tally.result(context.replica.name, run.course.verified, run.stage.stopped);
}

function factsOf({ replica, replicaId, runtime, now }: SyncContext): Facts {
  const { name: dataset, state, outbox } = replica;
  return { dataset, replica: state, replicaId, outbox, now: now(), chance: runtime.random(), online: runtime.online() };
}

class SyncSteps {
  readonly tally = new SyncTally();
  readonly #context: SyncContext;

  constructor(context: SyncContext) {
    this.#context = context;
  }

  /** @throws what the signal was aborted with */
  async take(stage: Working, course: Course): Promise<SyncEvent> {
    const { signal } = this.#context;
    signal.throwIfAborted();
    try {
      return await this.#perform(stage, course);
    } catch (error) {
      signal.throwIfAborted();
      return { type: "failed", error: errorToInfo(error) };
    }
  }

  #perform(stage: Working, course: Course): Promise<SyncEvent> {
    switch (stage.type) {
      case "rereading":
        return this.#reread();
      case "pulling":
        return this.#pull();
      case "comparing":
        return this.#compare();
      case "adopting":
        return this.#adopt(stage.pulled);
      case "emptying":
        return this.#decide({ type: "keys", keys: [] }, decideEmpty);
      case "repairing":
        return this.#finish(
          repairHead(this.#context, stage.head, stage.records, (cost) => this.#count("verify", cost)),
        );
      case "planning":
        return stage.deletion ? this.#planDeletion() : this.#plan(course);
      case "sending":
        return this.#send(stage.attempt);
      case "acknowledging":
        return this.#acknowledge(stage.attempt, stage.last, course);
      case "checking":
        return this.#readHead("push");
      case "ending":
        return this.#decide(recordsOf(stage.attempt), (view) =>
          decideEnd(view, stage.attempt, stage.atFault, this.#context.now()),
        );
      case "sweeping":
        return this.#finish(sweepDataset(this.#context, stage.head, (cost) => this.#count("push", cost)));
      case "waiting":
        return this.#finish(this.#context.runtime.sleep(stage.ms, this.#context.signal));
    }
  }

  async #reread(): Promise<SyncEvent> {
    const { replica, remote, values } = this.#context;
    const readAgain = remote.rereadItem.bind(remote);
    if (!isReadableNow(replica.attention.values(), readAgain, values.version ?? Infinity)) return finished(true);
    return this.#decide({ type: "attention" }, (view) => decideReread(view, readAgain, this.#rebaseContext()));
  }

  #pull(): Promise<SyncEvent> {
    const { replica, remote, signal } = this.#context;
    const since = replica.state.checkpoint?.syncCount ?? emptyCheckpoint.syncCount;
    return this.#read("pull", (cursor) => remote.pullPage({ dataset: replica.name, since, cursor, signal }));
  }

  async #compare(): Promise<SyncEvent> {
    const { replica, remote, signal } = this.#context;
    const before = await this.#readHead("verify");
    const listing = await this.#read("verify", (cursor) => remote.listPage({ dataset: replica.name, cursor, signal }));
    const { head } = await this.#readHead("verify");
    return { ...listing, head, headBefore: before.head };
  }

  #adopt(pulled: Extract<Stage, { type: "adopting" }>["pulled"]): Promise<SyncEvent> {
    const { state } = this.#context.replica;
    return this.#decide(selectionOf(state, pulled), (view) =>
      decideAdoption(view, state, pulled, { ...this.#rebaseContext(), replica: this.#context.replicaId }),
    );
  }

  #plan({ recordsMax }: Course): Promise<SyncEvent> {
    return this.#decide({ type: "outbox", limit: outboxRead, keys: [] }, (view) =>
      decideCommit(view, this.#commitContext(recordsMax)),
    );
  }

  #planDeletion(): Promise<SyncEvent> {
    return this.#decide({ type: "all" }, (view) => decideDeletion(view, this.#commitContext(commitRecordsMax)));
  }

  #acknowledge(attempt: Attempt, last: boolean, { recordsMax }: Course): Promise<SyncEvent> {
    const { keys } = recordsOf(attempt);
    return this.#decide({ type: "outbox", limit: keys.length + outboxRead, keys }, (view) =>
      decideAcknowledgement(view, attempt, last ? null : this.#commitContext(recordsMax)),
    );
  }

  async #send(attempt: Attempt): Promise<SyncEvent> {
    const { replica, remote, signal } = this.#context;
    const outcome = await remote.commit({ dataset: replica.name, attempt, signal });
    this.#count("push", outcome.cost);
    return eventOf(outcome);
  }

  #readHead(purpose: Purpose): Promise<Read> {
    const { replica, remote, signal } = this.#context;
    return this.#read(purpose, () => remote.readHead({ dataset: replica.name, signal }));
  }

  async #read(purpose: Purpose, readPage: (cursor: unknown) => Promise<Page>): Promise<Read> {
    const { records, damaged, head } = await readPages(readPage, (page, read, isFirst) => {
      this.#count(purpose === "pull" && isFirst && page.records.length === 0 ? "poll" : purpose, page.cost);
      this.#context.onProgress({ pulled: read, total: page.head?.recordCount ?? null });
    });
    return {
      type: "read",
      head,
      headBefore: head,
      records,
      damaged: new Map(damaged.map(({ key, error }) => [key, error.info])),
    };
  }

  /** One local transaction. */
  #decide(selection: Selection, decide: (view: View) => Decided): Promise<SyncEvent> {
    return this.#context.replica.transact("cloud", selection, decide);
  }

  async #finish(work: Promise<boolean | void>): Promise<SyncEvent> {
    return finished((await work) ?? true);
  }

  #rebaseContext(): RebaseContext {
    const { replica, resolver, values, now } = this.#context;
    return { dataset: replica.name, resolver, now: now(), ...values };
  }

  #commitContext(recordsMax: number) {
    const { replicaId, newCommit, now } = this.#context;
    return { commit: newCommit(), newLineage: newCommit(), replica: replicaId, now: now(), recordsMax };
  }

  #count(purpose: Purpose | "poll", cost: Cost): void {
    this.tally.spend(cost);
    this.#context.onCost(purpose, cost);
  }
}

type Read = Extract<SyncEvent, { readonly type: "read" }>;
type Purpose = "pull" | "verify" | "push";

const finished = (ok: boolean): SyncEvent => ({ type: "finished", ok });

const recordsOf = ({ records }: Attempt) => ({ type: "keys", keys: records.map(({ key }) => key) }) as const;

function eventOf(outcome: CommitOutcome): SyncEvent {
  switch (outcome.type) {
    case "committed":
    case "stale":
      return { type: outcome.type };
    case "record-refused":
      return { type: "recordRefused" };
    case "unclear":
      return { type: "unclear", error: outcome.error.info };
    case "invalid":
      return { type: "refused", refusal: { type: "invalid", error: outcome.error.info, keys: outcome.keys } };
    case "blocked":
      return { type: "refused", refusal: { type: "blocked", error: outcome.error.info, keys: [] } };
  }
}
