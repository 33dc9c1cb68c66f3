import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  commitContext,
  headOver,
  keyOf,
  liveAt,
  me,
  noon,
  pendingOf,
  remoteOf,
  stateAt,
  sure,
} from "../test/samples.ts";
import { planCommit, planDeletion } from "./commit-plan.ts";
import {
  commitRecordsMax,
  commitsExtra,
  failuresMax,
  pullTriesMax,
  pushTurn,
  refusalsFree,
  refusalsMax,
} from "./limits.ts";
import { emptyCheckpoint, emptyReplica, type Attempt, type ReplicaState } from "./replica.ts";
import type { SyncErrorInfo } from "./sync-error.ts";
import { nextRun, phaseOf, possibleSteps, startRun } from "./sync-machine.ts";
import type { Adopted, Facts, Run, Stage, Start, SyncEvent } from "./sync-run.ts";

const cloud = [remoteOf("a", liveAt(1, { count: 3, commit: "three" }))];
const head = headOver(cloud, { count: 3, commit: "three" });
const there = stateAt(head);
const pending = [pendingOf("k", 1), pendingOf("l", 2), pendingOf("m", 3)];
const attemptOf = (count: number): Attempt =>
  sure(planCommit(sure(there.checkpoint), pending.slice(0, count), commitContext("four")));
const attempt = attemptOf(2);
const deletion = planDeletion(sure(there.checkpoint), [], commitContext("end"));

const throttled: SyncErrorInfo = { code: "throttled", message: "Slow down." };
const denied: SyncErrorInfo = { code: "access-denied", message: "Not yours." };
const tooLarge: SyncErrorInfo = { code: "value-too-large", message: "Too large." };
const stopped = { error: denied, blocked: true };

const factsAt = (replica: ReplicaState = there, rest: Partial<Facts> = {}): Facts => ({
  ...{ replica, replicaId: me, dataset: "notes", outbox: 0, now: noon, chance: 0.5, online: true },
  ...rest,
});

const runIn = (stage: Stage, course: Partial<Run["course"]> = {}): Run => ({
  stage,
  course: { ...startRun("pulling", { deletes: false }).course, commitsLeft: 5, ...course },
});

const adopted: Adopted = { type: "adopted", pulled: 0, merged: 0, conflicts: [], repaired: [], deleted: false };
const read: SyncEvent = { type: "read", head, headBefore: head, records: cloud, damaged: new Map() };
const pulled = { head, records: cloud, whole: false };
const refusal = { type: "invalid", error: tooLarge, keys: [] } as const;
const ok: SyncEvent = { type: "finished", ok: true };

const stages: { readonly [S in Stage as S["type"]]: S } = {
  rereading: { type: "rereading", start: "pulling" },
  pulling: { type: "pulling" },
  comparing: { type: "comparing" },
  adopting: { type: "adopting", pulled, damaged: new Map() },
  emptying: { type: "emptying" },
  repairing: { type: "repairing", head, records: cloud },
  planning: { type: "planning", deletion: false },
  sending: { type: "sending", attempt, first: true },
  acknowledging: { type: "acknowledging", attempt, last: false },
  checking: { type: "checking", attempt, refusal },
  ending: { type: "ending", attempt, atFault: new Map(), next: { type: "planning" } },
  sweeping: { type: "sweeping", head },
  waiting: { type: "waiting", ms: 50, failed: false, next: { type: "pulling" } },
  done: { type: "done", stopped: null },
};

const events: { readonly [E in SyncEvent as E["type"]]: E } = {
  read,
  adopted,
  unverified: { type: "unverified" },
  planned: { type: "planned", attempt, first: true },
  nothing: { type: "nothing" },
  unready: { type: "unready" },
  committed: { type: "committed" },
  stale: { type: "stale" },
  recordRefused: { type: "recordRefused" },
  unclear: { type: "unclear", error: throttled },
  refused: { type: "refused", refusal },
  finished: { type: "finished", ok: true },
  failed: { type: "failed", error: throttled },
};

const after = (stage: Stage, event: SyncEvent, facts = factsAt(), course: Partial<Run["course"]> = {}): Run =>
  nextRun(runIn(stage, course), event, facts);

describe("the state machine is total", () => {
  const isPossible = (stage: string, event: string): boolean =>
    possibleSteps.some((step) => step.stage === stage && step.event === event);

  it("every event leads on where it can happen, and is refused where it can't", () => {
    let possible = 0;
    for (const stage of Object.values(stages)) {
      for (const event of Object.values(events)) {
        const step = (): Run => after(stage, event);
        if (isPossible(stage.type, event.type)) {
          expect(step().stage.type).toBeTypeOf("string");
          possible += 1;
        } else expect(step).toThrow(`"${event.type}" happened while ${stage.type}`);
      }
    }
    expect(possible).toBe(possibleSteps.length);
    expect(possible).toBeGreaterThan(Object.keys(stages).length);
  });

  it("nothing happens any more when it is done", () => {
    expect(possibleSteps.filter(({ stage }) => stage === "done")).toEqual([]);
  });

  it("all that can fail waits and is done again; what no other try mends ends the run", () => {
    for (const stage of Object.values(stages)) {
      if (!isPossible(stage.type, "failed")) continue;
      const again = stage.type === "waiting" ? stage.next : stage;
      const waiting = after(stage, events.failed).stage;
      expect(waiting).toMatchObject({ type: "waiting", failed: true, next: { type: again.type } });
      expect(after(stage, { type: "failed", error: denied }).stage).toEqual({
        type: "done",
        stopped: { error: { ...denied, dataset: "notes" }, blocked: true },
      });
    }
  });

  it("gives up after six failures in a row, and at once where the device is offline", () => {
    const lastTry = after(stages.pulling, events.failed, factsAt(), { failures: failuresMax - 1 });
    expect(lastTry.stage).toEqual({ type: "done", stopped: { error: throttled, blocked: false } });
    const offline = after(stages.pulling, events.failed, factsAt(there, { online: false }));
    expect(offline.stage).toMatchObject({ type: "done", stopped: { blocked: false } });
  });

  it("shows what goes on", () => {
    expect(Object.values(stages).map((stage) => [stage.type, phaseOf(stage)])).toEqual(
      Object.keys(stages).map((type) => {
        if (type === "pulling" || type === "comparing") return [type, "pulling"];
        return [type, type === "sending" ? "pushing" : null];
      }),
    );
    expect(phaseOf({ ...stages.waiting, failed: true })).toBe("backing-off");
  });
});

describe("reading", () => {
  it("S-7: no head, where there was one, is an alarm; where there never was, the dataset is empty", () => {
    const nothing: SyncEvent = { ...events.read, head: null, headBefore: null, records: [] };
    expect(after(stages.pulling, nothing).stage.type).toBe("comparing");
    expect(after(stages.pulling, nothing, factsAt(emptyReplica)).stage.type).toBe("emptying");
    expect(after(stages.pulling, nothing, factsAt(stateAt(head, { checkpoint: emptyCheckpoint }))).stage.type).toBe(
      "emptying",
    );
    const records: SyncEvent = { ...nothing, records: cloud };
    expect(after(stages.pulling, records, factsAt(emptyReplica)).stage.type).toBe("comparing");
  });

  it("S-12: a head that lies behind is compared, never adopted", () => {
    const behind = headOver([], { count: 2, commit: "two" });
    expect(after(stages.pulling, { ...events.read, head: behind }).stage.type).toBe("comparing");
  });

  it("S-8: what does not add up is read again three times, then compared", () => {
    let run = runIn(stages.adopting);
    for (let tries = 1; tries < pullTriesMax; tries += 1) {
      run = nextRun(run, events.unverified, factsAt());
      expect(run.stage).toMatchObject({ type: "waiting", failed: false, next: { type: "pulling" } });
      run = { ...run, stage: stages.adopting };
    }
    expect(nextRun(run, events.unverified, factsAt()).stage.type).toBe("comparing");
  });

  it("S-9: a comparison counts only between two reads of the same head", () => {
    expect(after(stages.comparing, read).stage).toMatchObject({ type: "adopting", pulled: { whole: true } });
    const moved = { ...events.read, headBefore: headOver([], { count: 2, commit: "two" }) };
    expect(after(stages.comparing, moved).stage).toMatchObject({ type: "waiting", next: { type: "comparing" } });
  });

  it("S-10: a comparison that does not add up leads to repair; after many the run ends, and says so", () => {
    const whole = { ...stages.adopting, pulled: { ...pulled, whole: true } };
    expect(after(whole, events.unverified).stage.type).toBe("repairing");
    expect(after(stages.repairing, ok).stage.type).toBe("comparing");
    const notYet: SyncEvent = { type: "finished", ok: false };
    expect(after(stages.repairing, notYet).stage).toMatchObject({ type: "waiting", next: { type: "comparing" } });
    const atLast = after(stages.repairing, notYet, factsAt(), { unverified: pullTriesMax * 2 - 1 });
    expect(atLast.stage).toMatchObject({ type: "done", stopped: { error: { code: "cloud-misconfigured" } } });
  });

  it("S-13: records without a head are repaired", () => {
    const headless: SyncEvent = { ...events.read, head: null, headBefore: null };
    expect(after(stages.comparing, headless).stage).toMatchObject({ type: "repairing", head: null });
  });

  it("S-19: a newer format is read, and not written to", () => {
    const course = { head: { ...head, format: 2 } };
    const run = after(stages.adopting, adopted, factsAt(there, { outbox: 1 }), course);
    expect(run.stage).toMatchObject({ type: "done", stopped: { error: { code: "format-too-new" }, blocked: true } });
    expect(after(stages.adopting, adopted, factsAt(), course).stage.type).toBe("planning");
  });

  it("S-3: a record that shall go where an item is no version is held back", () => {
    const damaged = new Map([["k", tooLarge]]);
    const whole: Stage = { ...stages.adopting, pulled: { ...pulled, whole: true }, damaged };
    const run = after(whole, adopted, factsAt({ ...there, attempt }));
    expect(run.stage).toEqual({
      ...{ type: "ending", attempt, next: { type: "pulled" } },
      atFault: new Map([[keyOf("k"), tooLarge]]),
    });
  });
});

describe("pushing", () => {
  it("S-5: an attempt that is there goes up before anything else", () => {
    expect(after(stages.adopting, adopted, factsAt({ ...there, attempt })).stage).toEqual({
      ...{ type: "sending", attempt, first: false },
    });
  });

  it("S-5: what may have landed is sent again; first: false", () => {
    expect(after(stages.sending, events.unclear).stage).toMatchObject({
      ...{ type: "waiting", failed: true, next: { type: "sending", attempt, first: false } },
    });
  });

  it("S-5: a first send that is refused is over; a repeat asks the head", () => {
    expect(after(stages.sending, events.refused).stage.type).toBe("ending");
    const repeat = { ...stages.sending, first: false };
    expect(after(repeat, events.refused).stage).toEqual(stages.checking);
    expect(after(stages.checking, read).stage.type).toBe("ending");
    const past = headOver(cloud, { count: 4, commit: "four" });
    expect(after(stages.checking, { ...events.read, head: past }).stage.type).toBe("pulling");
  });

  it("S-14: one record after the other is singled out; the others go on", () => {
    const halved = after({ ...stages.sending, attempt: attemptOf(3) }, events.refused);
    expect(halved).toMatchObject({ stage: { type: "ending", atFault: new Map() }, course: { recordsMax: 1 } });
    const alone = after({ ...stages.sending, attempt: attemptOf(1) }, events.refused, factsAt(), { recordsMax: 1 });
    expect(alone.stage).toMatchObject({ atFault: new Map([[keyOf("k"), tooLarge]]) });
    expect(alone.course.recordsMax).toBe(commitRecordsMax);
    const named: SyncEvent = { type: "refused", refusal: { ...refusal, keys: [keyOf("l")] } };
    expect(after(stages.sending, named).stage).toMatchObject({ atFault: new Map([[keyOf("l"), tooLarge]]) });
  });

  it("S-16: a group that is refused is held back whole: it can't be divided", () => {
    const run = after(stages.sending, events.refused, factsAt(), { recordsMax: 1 });
    expect(run.stage).toMatchObject({ atFault: new Map(attempt.records.map(({ key }) => [key, tooLarge])) });
  });

  it("S-14: what blocks the dataset ends the run, and a deletion has no record to single out", () => {
    const blocked: SyncEvent = { type: "refused", refusal: { type: "blocked", error: denied, keys: [] } };
    expect(after(stages.sending, blocked).stage).toEqual({
      ...{ type: "ending", attempt, atFault: new Map(), next: { type: "done", stopped } },
    });
    expect(after({ ...stages.sending, attempt: deletion }, events.refused).stage).toMatchObject({
      next: { type: "done", stopped: { error: tooLarge } },
    });
    const ending: Stage = { ...stages.ending, next: { type: "done", stopped } };
    expect(after(ending, ok).stage).toMatchObject({ type: "done", stopped: { error: denied, blocked: true } });
  });

  it("S-14: contention waits from the fourth refusal in a row on, and has an end", () => {
    for (const [event, then] of [
      [events.stale, "pulling"],
      [events.recordRefused, "comparing"],
    ] as const) {
      expect(after(stages.sending, event, factsAt(), { refusals: refusalsFree - 1 }).stage.type).toBe(then);
      const waiting = after(stages.sending, event, factsAt(), { refusals: refusalsFree }).stage;
      expect(waiting).toMatchObject({ type: "waiting", failed: false, next: { type: then } });
      const over = after(stages.sending, event, factsAt(), { refusals: refusalsMax }).stage;
      expect(over).toMatchObject({ type: "done", stopped: { error: { code: "cloud-misconfigured" } } });
    }
    expect(after(stages.sending, events.committed, factsAt(), { refusals: 7 }).course.refusals).toBe(0);
  });

  it("S-18: a bulk push pauses after 32 commits while others are at work, and never alone", () => {
    const inTurn = pushTurn.commitsMax - 1;
    const alone = after(stages.acknowledging, events.planned, factsAt(), { commitsInTurn: inTurn });
    expect(alone.stage.type).toBe("sending");
    const among = after(stages.acknowledging, events.planned, factsAt(), {
      ...{ commitsInTurn: inTurn, othersUntil: noon + 1 },
    });
    expect(among).toMatchObject({ stage: { type: "waiting", ms: pushTurn.pauseMs }, course: { commitsInTurn: 0 } });
  });

  it("a run makes no more commits than waited when it began, and 32", () => {
    const begun = after({ type: "rereading", start: "planning" }, ok, factsAt(there, { outbox: 7 }), {
      commitsLeft: null,
    });
    expect(begun.course.commitsLeft).toBe(7 + commitsExtra);
    expect(after(stages.sending, events.committed, factsAt(), { commitsLeft: 0 }).stage).toMatchObject({ last: true });
    expect(after(stages.ending, ok, factsAt(), { commitsLeft: 0 }).stage).toEqual(stages.done);
  });

  it("S-11: a deletion is planned until it has landed; what it ends is swept", () => {
    const begun = startRun("planning", { deletes: true });
    expect(nextRun(begun, ok, factsAt()).stage).toEqual({ type: "planning", deletion: true });
    expect(after({ ...stages.sending, attempt: deletion }, events.committed).stage.type).toBe("pulling");
    const landed = after(stages.adopting, { ...adopted, deleted: true }, factsAt(), { deletes: true });
    expect(landed.stage).toEqual({ type: "planning", deletion: false });
    const nothingThere = after({ type: "planning", deletion: true }, events.nothing, factsAt(), { deletes: true });
    expect(nothingThere.stage).toEqual({ type: "planning", deletion: false });
    const floored = headOver([], { count: 3, commit: "three", floor: 3 });
    const course = { head: floored };
    expect(after(stages.planning, events.nothing, factsAt(stateAt(floored)), course).stage.type).toBe("sweeping");
    const swept = { head: { ...floored, swept: true } };
    expect(after(stages.planning, events.nothing, factsAt(stateAt(floored)), swept).stage.type).toBe("done");
    expect(after(stages.sweeping, ok).stage).toEqual(stages.done);
  });
});

describe("runs of any length", () => {
  const replicas: readonly ReplicaState[] = [there, emptyReplica, { ...there, attempt }];
  const facts = fc.record({
    replica: fc.nat(replicas.length - 1),
    online: fc.boolean(),
    outbox: fc.nat(3),
    choice: fc.nat(),
  });
  const variants: readonly SyncEvent[] = [
    ...Object.values(events),
    { ...events.read, head: null, headBefore: null, records: [] },
    { ...events.read, head: headOver([], { count: 2, commit: "two" }) },
    { type: "planned", attempt, first: false },
    { type: "finished", ok: false },
    { type: "failed", error: denied },
    { type: "refused", refusal: { type: "blocked", error: denied, keys: [] } },
    { type: "refused", refusal: { ...refusal, keys: [keyOf("k")] } },
  ];
  const possibleIn = (stage: Stage): readonly SyncEvent[] =>
    variants.filter(({ type }) => possibleSteps.some((step) => step.stage === stage.type && step.event === type));

  interface Walk {
    readonly start: Start;
    readonly deletes: boolean;
    readonly steps: readonly {
      readonly replica: number;
      readonly online: boolean;
      readonly outbox: number;
      readonly choice: number;
    }[];
  }
  const walk: fc.Arbitrary<Walk> = fc.record({
    start: fc.constantFrom<Start[]>("pulling", "comparing", "planning"),
    deletes: fc.boolean(),
    steps: fc.array(facts, { maxLength: 400 }),
  });

  function* runsOf({ start, deletes, steps }: Walk): Generator<Run> {
    let run = startRun(start, { deletes });
    yield run;
    for (const { choice, replica, ...rest } of steps) {
      const possible = possibleIn(run.stage);
      if (run.stage.type === "done") return;
      run = nextRun(run, sure(possible[choice % possible.length]), factsAt(replicas[replica], rest));
      yield run;
    }
  }

  it("whatever happens: counts stay in their bounds, and the run only waits as long as it says", () => {
    fc.assert(
      fc.property(walk, (taken) => {
        for (const { stage, course } of runsOf(taken)) {
          expect(course.commitsLeft ?? 0).toBeGreaterThanOrEqual(0);
          expect(course.failures).toBeLessThan(failuresMax);
          expect(course.recordsMax).toBeGreaterThan(0);
          expect(course.refusals).toBeLessThanOrEqual(refusalsMax + 1);
          if (stage.type === "waiting") expect(stage.ms).toBeLessThanOrEqual(5_000);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("from wherever it is, a cloud that answers well brings it to its end", () => {
    const well: { readonly [S in Stage["type"]]: (run: Run) => SyncEvent } = {
      ...{
        rereading: () => ok,
        pulling: () => read,
        comparing: () => read,
        adopting: () => adopted,
        emptying: () => ok,
      },
      ...{ repairing: () => ok, planning: () => events.nothing, sending: () => events.committed, checking: () => read },
      ...{
        acknowledging: () => events.nothing,
        ending: () => ok,
        sweeping: () => ok,
        waiting: () => ok,
        done: () => ok,
      },
    };
    fc.assert(
      fc.property(walk, (taken) => {
        let run = startRun("pulling", { deletes: false });
        for (const each of runsOf(taken)) run = each;
        let steps = 0;
        while (run.stage.type !== "done") {
          run = nextRun(run, well[run.stage.type](run), factsAt());
          steps += 1;
          expect(steps).toBeLessThan(20);
        }
      }),
      { numRuns: 500 },
    );
  });

  it.each(["stale", "recordRefused", "unclear", "failed"] as const)(
    "S-14: a cloud that answers %s for ever is asked no more than so often, with waits between",
    (type) => {
      let run = runIn(stages.sending);
      let requests = 0;
      let waited = 0;
      const answer: { readonly [S in Stage["type"]]?: SyncEvent } = {
        ...{ sending: events[type], pulling: read, comparing: read, adopting: adopted, waiting: ok },
      };
      while (run.stage.type !== "done") {
        if (run.stage.type === "sending") requests += 1;
        if (run.stage.type === "waiting") waited += run.stage.ms;
        const event = type === "failed" && run.stage.type === "pulling" ? events.failed : answer[run.stage.type];
        run = nextRun(run, sure(event), factsAt({ ...there, attempt }));
      }
      expect(requests).toBeLessThanOrEqual(refusalsMax + 1);
      expect(waited / requests).toBeGreaterThan(100);
      expect(run.stage.stopped).not.toBe(null);
    },
  );

  it("commits that no one else disturbs are acknowledged one after the other, and counted", () => {
    let run = startRun("planning", { deletes: false });
    let commits = 0;
    while (run.stage.type !== "done") {
      const { type } = run.stage;
      if (type === "sending") commits += 1;
      const event = type === "sending" ? events.committed : type === "rereading" ? ok : { ...events.planned, attempt };
      run = nextRun(
        run,
        type === "acknowledging" && commits > commitsExtra + 1 ? events.nothing : event,
        factsAt(there, { outbox: 2 }),
      );
    }
    expect(commits).toBe(2 + commitsExtra);
    expect(run.stage.stopped).toBe(null);
  });
});
