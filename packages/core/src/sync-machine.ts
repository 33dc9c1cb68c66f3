// The sync of one dataset as a state machine: pure, total, and the only place that knows what comes after what.
//
//   rereading ──► pulling ◄───────────── stale ──────────────┐
//                 │ ▲   └─ no head, or a cloud that went back │
//          adopting └─ does not add up (three times)   │      │
//                 │              └──────► comparing ◄──┤      │
//                 │                 adopting ┘ │  ▲    │      │
//                 │◄─────── adds up ─┘   repairing┘    │      │
//                 ▼                                    │      │
//              planning ──► nothing ──► sweeping ──► done     │
//                 │ ▲                                  │      │
//                 ▼ └─────── ending ◄── refused        │      │
//              sending ◄──┐   (checking)               │      │
//                 ├─ committed ──► acknowledging       │      │
//                 ├─ a record refused ─────────────────┘      │
//                 ├─ unclear ──► waiting ──► sending          │
//                 └───────────────────────────────────────────┘
//
// Any stage can fail: what is worth another try waits and is done again, all else ends the run.
import { backoffMs } from "./backoff.ts";
import {
  commitRecordsMax,
  commitsExtra,
  failuresMax,
  formatVersion,
  otherWriterMs,
  pullTriesMax,
  pushTurn,
  refusalsFree,
  refusalsMax,
  rereadDelayMs,
} from "./limits.ts";
import { isCloudBehind } from "./repair.ts";
import type { Attempt } from "./replica.ts";
import { isRetryable, type SyncErrorInfo } from "./sync-error.ts";
import type { AfterEnding, Course, DamagedKeys, Facts, Faults, Run, Stage, Start, SyncEvent } from "./sync-run.ts";

type Stages = { readonly [S in Stage as S["type"]]: S };
type Events = { readonly [E in SyncEvent as E["type"]]: E };
type StageOf<S extends Stage["type"]> = Stages[S];
type EventOf<E extends SyncEvent["type"]> = Events[E];
type At<S extends Stage["type"]> = { readonly stage: StageOf<S>; readonly course: Course };
type Cell<S extends Stage["type"], E extends SyncEvent["type"]> = (run: At<S>, event: EventOf<E>, facts: Facts) => Run;

// prettier-ignore
const columns = ["read", "adopted", "unverified", "planned", "nothing", "unready", "committed", "stale", "recordRefused", "unclear", "refused", "finished", "failed"] as const;
type Row<S extends Stage["type"], C extends readonly SyncEvent["type"][]> = { readonly [I in keyof C]: Cell<S, C[I]> };

const x = (run: Run, event: SyncEvent): never => {
  throw new Error(`broken invariant: "${event.type}" happened while ${run.stage.type}`);
};

/** Every stage × every event; x: can't happen. A missing cell does not compile. */
// prettier-ignore
const table: { readonly [S in Stage["type"]]: Row<S, typeof columns> } = {
  //              read         adopted  unverified      planned  nothing    unready  committed stale    recordRefused unclear  refused  finished    failed
  rereading:     [x,           x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       reread,     failed],
  pulling:       [changesRead, x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       x,          failed],
  comparing:     [allRead,     x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       x,          failed],
  adopting:      [x,           adopted, doesNotAddUp,   x,       x,         x,       x,        x,       x,            x,       x,       x,          failed],
  emptying:      [x,           x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       pulled,     failed],
  repairing:     [x,           x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       repaired,   failed],
  planning:      [x,           x,       x,              planned, idle,      unready, x,        x,       x,            x,       x,       x,          failed],
  sending:       [x,           x,       x,              x,       x,         x,       committed,stale,   recordRefused,unclear, refused, x,          failed],
  acknowledging: [x,           x,       x,              planned, idle,      unready, x,        x,       x,            x,       x,       x,          failed],
  checking:      [headRead,    x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       x,          failed],
  ending:        [x,           x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       ended,      failed],
  sweeping:      [x,           x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       swept,      failed],
  waiting:       [x,           x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       waited,     failed],
  done:          [x,           x,       x,              x,       x,         x,       x,        x,       x,            x,       x,       x,          x],
};

/** What can happen in which stage: the table's cells but for the impossible ones. */
export const possibleSteps: readonly { readonly stage: Stage["type"]; readonly event: SyncEvent["type"] }[] =
  Object.entries(table).flatMap(([stage, row]) =>
    columns.flatMap((event, at) => (row[at] === x ? [] : [{ stage: stage as Stage["type"], event }])),
  );

export function startRun(start: Start, { deletes }: { readonly deletes: boolean }): Run {
  return {
    stage: { type: "rereading", start },
    course: {
      ...{ verified: false, failures: 0, unverified: 0, refusals: 0 },
      ...{ recordsMax: commitRecordsMax, commitsLeft: null, commitsInTurn: 0, othersUntil: 0 },
      ...{ head: null, deletes },
    },
  };
}

/** @throws Error where the event can't happen in this stage */
export function nextRun(run: Run, event: SyncEvent, facts: Facts): Run {
  const row = table[run.stage.type];
  // The table's type pairs each cell with its stage and its event, which TypeScript can't follow through the indices.
  const cell = row[columns.indexOf(event.type)] as (run: Run, event: SyncEvent, facts: Facts) => Run;
  return cell(run, event, facts);
}

/** The run in another stage, with what has changed of what it remembers. */
const go = (run: Run, stage: Stage, course: Partial<Course> = {}): Run => ({
  stage,
  course: { ...run.course, ...course },
});

function reread(run: At<"rereading">, _event: SyncEvent, facts: Facts): Run {
  return run.stage.start === "planning" ? plan(run, facts) : go(run, { type: run.stage.start });
}

/** S-7, S-12: what was read since the checkpoint. */
function changesRead(run: Run, { head, records, damaged }: EventOf<"read">, facts: Facts): Run {
  const { checkpoint, attempt } = facts.replica;
  if (head === null) {
    const nothingYet = (checkpoint === null || checkpoint.commit === null) && records.length + damaged.size === 0;
    return go(run, { type: nothingYet ? "emptying" : "comparing" });
  }
  if (isCloudBehind(facts.replica, head, facts.replicaId)) return go(run, { type: "comparing" }, { head });
  const isOthers = head.commit !== checkpoint?.commit && head.commit !== attempt?.commit;
  const othersUntil = isOthers ? head.committedAt + otherWriterMs : 0;
  const course = { head, othersUntil: Math.max(run.course.othersUntil, othersUntil) };
  return go(run, { type: "adopting", pulled: { head, records, whole: false }, damaged }, course);
}

/** S-9: the whole dataset was read. Only where its head stayed the same meanwhile it can be believed. */
function allRead(run: Run, event: EventOf<"read">, facts: Facts): Run {
  const { head, headBefore, records, damaged } = event;
  const read = go(run, run.stage, { head });
  if (headBefore?.commit !== head?.commit) return compareAgain(read, facts);
  if (head !== null) return go(read, { type: "adopting", pulled: { head, records, whole: true }, damaged });
  const nothingYet = records.length === 0 && facts.replica.checkpoint?.commit == null;
  return go(read, nothingYet ? { type: "emptying" } : { type: "repairing", head, records });
}

function adopted(run: At<"adopting">, event: EventOf<"adopted">, facts: Facts): Run {
  const { pulled: adoptedPull, damaged } = run.stage;
  const deletes = run.course.deletes && !event.deleted;
  const { attempt } = facts.replica;
  // An item that is no version stands where a new record shall go: its condition would refuse it for ever (S-3).
  if (attempt && adoptedPull.whole && attempt.records.some(({ key }) => damaged.has(key))) {
    return go(run, endingOf(attempt, damaged, { type: "pulled" }), { deletes });
  }
  return pulled(go(run, run.stage, { deletes }), event, facts);
}

function doesNotAddUp(run: At<"adopting">, _event: SyncEvent, facts: Facts): Run {
  const { head, records, whole } = run.stage.pulled;
  if (whole) return go(run, { type: "repairing", head, records });
  const unverified = run.course.unverified + 1;
  if (unverified >= pullTriesMax) return go(run, { type: "comparing" }, { unverified });
  const ms = rereadDelayMs.min * (1 + facts.chance * 2 ** unverified);
  return go(run, { type: "waiting", ms, failed: false, next: { type: "pulling" } }, { unverified });
}

function repaired(run: Run, { ok }: EventOf<"finished">, facts: Facts): Run {
  return ok ? go(run, { type: "comparing" }) : compareAgain(run, facts);
}

function compareAgain(run: Run, facts: Facts): Run {
  const unverified = run.course.unverified + 1;
  if (unverified >= pullTriesMax * 2) {
    const message = `The cloud's copy of "${facts.dataset}" does not add up to its own digest: something wrote to the table without Holdfast's rules, or a commit is still under way. Nothing was changed here; it is tried again at the next sync.`;
    return stop(run, { code: "cloud-misconfigured", message }, facts, true);
  }
  const ms = Math.min(rereadDelayMs.min * 2 ** unverified, rereadDelayMs.max);
  return go(run, { type: "waiting", ms, failed: false, next: { type: "comparing" } }, { unverified });
}

/** The replica holds what the cloud holds. */
function pulled(run: Run, _event: SyncEvent, facts: Facts): Run {
  const { attempt } = facts.replica;
  const { head } = run.course;
  const verified = go(run, run.stage, { verified: true, unverified: 0, failures: 0 });
  if (head !== null && head.format > formatVersion) return refuseToWrite(verified, facts);
  return attempt ? go(verified, { type: "sending", attempt, first: false }) : plan(verified, facts);
}

/** S-19: what is newer may mean something that a commit of this version would break. */
function refuseToWrite(run: Run, facts: Facts): Run {
  if (facts.outbox === 0 && facts.replica.attempt === null) return plan(run, facts);
  const message = `The dataset "${facts.dataset}" was written by a newer version of this app. What is new is read; edits wait here. Update the app.`;
  return stop(run, { code: "format-too-new", message }, facts, true);
}

function plan(run: Run, facts: Facts): Run {
  const commitsLeft = run.course.commitsLeft ?? facts.outbox + commitsExtra;
  if (commitsLeft === 0) return go(run, { type: "done", stopped: null });
  return go(run, { type: "planning", deletion: run.course.deletes }, { commitsLeft });
}

function planned(run: At<"planning" | "acknowledging">, event: EventOf<"planned">, facts: Facts): Run {
  const { attempt, first } = event;
  const sending = { type: "sending", attempt, first } as const;
  const commitsLeft = (run.course.commitsLeft ?? 1) - Number(first);
  if (run.stage.type === "planning") return go(run, sending, { commitsLeft });
  // S-18: a bulk push gives way to others, and never waits where there are none.
  const commitsInTurn = run.course.commitsInTurn + 1;
  const isTurnOver = commitsInTurn >= pushTurn.commitsMax && facts.now <= run.course.othersUntil;
  if (!isTurnOver) return go(run, sending, { commitsLeft, commitsInTurn });
  const pause = { type: "waiting", ms: pushTurn.pauseMs, failed: false, next: sending } as const;
  return go(run, pause, { commitsLeft, commitsInTurn: 0 });
}

function idle(run: At<"planning" | "acknowledging">, _event: SyncEvent, facts: Facts): Run {
  // Nothing was there to be deleted; what was written since goes up.
  if (run.course.deletes && run.stage.type === "planning") return plan(go(run, run.stage, { deletes: false }), facts);
  const { head } = run.course;
  const isHere = head !== null && head.commit === facts.replica.checkpoint?.commit;
  const sweeps = isHere && head.floor > 0 && !head.swept && head.format <= formatVersion;
  return go(run, sweeps ? { type: "sweeping", head } : { type: "done", stopped: null });
}

function unready(run: Run): Run {
  return go(run, { type: "pulling" });
}

function committed(run: At<"sending">): Run {
  const { attempt } = run.stage;
  const course = { failures: 0, refusals: 0, verified: true };
  // What a deletion leaves here is decided by the pull that finds it landed (S-6).
  if (attempt.deletion) return go(run, { type: "pulling" }, course);
  return go(run, { type: "acknowledging", attempt, last: run.course.commitsLeft === 0 }, course);
}

function stale(run: Run, _event: SyncEvent, facts: Facts): Run {
  return contended(run, "pulling", facts);
}

function recordRefused(run: Run, _event: SyncEvent, facts: Facts): Run {
  return contended(run, "comparing", facts);
}

/** S-14: contention costs less with waiting; what is refused for ever, though all adds up, must not be sent for ever. */
function contended(run: Run, next: "pulling" | "comparing", facts: Facts): Run {
  const refusals = run.course.refusals + 1;
  if (refusals > refusalsMax) {
    const message = `The cloud refuses each commit of "${facts.dataset}", although what was read of it adds up. Something may write to the table without Holdfast's rules; it is tried again at the next sync.`;
    return stop(run, { code: "cloud-misconfigured", message }, facts, true);
  }
  const course = { refusals, othersUntil: Math.max(run.course.othersUntil, facts.now + otherWriterMs) };
  if (refusals <= refusalsFree) return go(run, { type: next }, course);
  const ms = backoffMs(refusals - refusalsFree, facts.chance);
  return go(run, { type: "waiting", ms, failed: false, next: { type: next } }, course);
}

function unclear(run: At<"sending">, { error }: EventOf<"unclear">, facts: Facts): Run {
  return failed(run, { type: "failed", error }, facts);
}

/** S-5: on a repeat only a strong read can end the attempt. */
function refused(run: At<"sending">, { refusal }: EventOf<"refused">): Run {
  const { attempt, first } = run.stage;
  return first ? notApplied(run, attempt, refusal) : go(run, { type: "checking", attempt, refusal });
}

function headRead(run: At<"checking">, { head }: EventOf<"read">): Run {
  const { attempt, refusal } = run.stage;
  const isAtBase = (head?.commit ?? null) === attempt.base.commit;
  return isAtBase ? notApplied(run, attempt, refusal) : go(run, { type: "pulling" });
}

/** S-14: nothing of the attempt was applied, and it would be refused again. */
function notApplied(run: Run, attempt: Attempt, { type, error, keys }: StageOf<"checking">["refusal"]): Run {
  // A deletion has no record that could be singled out.
  if (type === "blocked" || attempt.deletion) {
    return go(run, endingOf(attempt, new Map(), { type: "done", stopped: { error, blocked: true } }));
  }
  // A group goes up whole, and so it does where fewer records were asked for: it can't be divided further (S-16).
  const isIndivisible = attempt.records.length === 1 || attempt.records.length > run.course.recordsMax;
  const atFault = keys.length > 0 || !isIndivisible ? keys : attempt.records.map(({ key }) => key);
  const half = Math.max(1, Math.floor(attempt.records.length / 2));
  const ending = endingOf(attempt, new Map(atFault.map((key) => [key, error])), { type: "planning" });
  return go(run, ending, { recordsMax: atFault.length > 0 ? commitRecordsMax : half });
}

function endingOf(attempt: Attempt, errors: DamagedKeys, next: AfterEnding): StageOf<"ending"> {
  const atFault = attempt.records.flatMap(({ key }) => {
    const error = errors.get(key);
    return error ? [[key, error] as const] : [];
  });
  return { type: "ending", attempt, atFault: new Map(atFault) satisfies Faults, next };
}

function ended(run: At<"ending">, event: SyncEvent, facts: Facts): Run {
  const { next } = run.stage;
  switch (next.type) {
    case "pulled":
      return pulled(run, event, facts);
    case "planning":
      return plan(run, facts);
    case "done":
      return stop(run, next.stopped.error, facts, next.stopped.blocked);
  }
}

function swept(run: Run): Run {
  return go(run, { type: "done", stopped: null });
}

function waited(run: At<"waiting">): Run {
  return go(run, run.stage.next);
}

/** Waits and does the stage again, or ends the run with what went wrong. */
function failed(run: Run, { error }: EventOf<"failed">, facts: Facts): Run {
  if (!isRetryable(error.code)) return stop(run, error, facts, true);
  const failures = run.course.failures + 1;
  const { stage } = run;
  if (stage.type === "done" || failures >= failuresMax || !facts.online || error.code === "offline") {
    return stop(run, error, facts, false);
  }
  const again = stage.type === "sending" ? { ...stage, first: false } : stage.type === "waiting" ? stage.next : stage;
  const ms = backoffMs(failures, facts.chance);
  return go(run, { type: "waiting", ms, failed: true, next: again }, { failures });
}

function stop(run: Run, error: SyncErrorInfo, { dataset }: Facts, isBlocked: boolean): Run {
  const named = isBlocked ? { ...error, dataset } : error;
  return go(run, { type: "done", stopped: { error: named, blocked: isBlocked } });
}

/** For those who show what goes on; null: as before. */
export function phaseOf(stage: Stage): "pulling" | "pushing" | "backing-off" | null {
  switch (stage.type) {
    case "pulling":
    case "comparing":
      return "pulling";
    case "sending":
      return "pushing";
    case "waiting":
      return stage.failed ? "backing-off" : null;
    case "rereading":
    case "adopting":
    case "emptying":
    case "repairing":
    case "planning":
    case "acknowledging":
    case "checking":
    case "ending":
    case "sweeping":
    case "done":
      return null;
  }
}
