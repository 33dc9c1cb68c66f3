// Everything that can happen next in a state of the model, each with a name for the trace.
import type { Setting } from "./checkpoint.ts";
import { evaluate } from "./cloud.ts";
import { applyPage, deleteDataset, edit, readPage, receive, send } from "./device.ts";
import {
  at,
  breakPromise,
  copyWorld,
  digestOf,
  nameOf,
  spend,
  bitOf,
  type Attempt,
  type Head,
  type Version,
  type World,
} from "./world.ts";

export type Step = readonly [label: string, next: World];

/** False: it can't happen. */
type Change = (next: World) => boolean | void;
type Add = (label: string, change: Change) => void;

export function stepsOf(world: World, setting: Setting): readonly Step[] {
  const steps: [string, World][] = [];
  const add: Add = (label, change) => {
    const next = copyWorld(world);
    if (change(next) !== false) steps.push([label, next]);
  };
  for (let by = 0; by < setting.scenario.replicas; by++) {
    addEdits(world, by, setting, add);
    addWork(world, by, setting, add);
    addRequest(world, by, setting, add);
    addFailures(world, by, add);
    addTabs(world, by, setting, add);
  }
  addArrivals(world, setting, add);
  addSweeps(world, setting, add);
  addOperator(world, setting, add);
  for (const [, next] of steps) if (next.violation === null) checkLoss(next);
  return steps;
}

function addEdits(world: World, by: number, { scenario }: Setting, add: Add): void {
  const replica = at(world.replicas, by);
  const made = world.edits.filter((one) => one.by === by).length;
  const me = nameOf(by);
  if (world.budget.edit > 0 && (scenario.editsBy?.[by] ?? Infinity) > made) {
    for (let key = 0; key < scenario.keys; key++) {
      for (const value of scenario.values) {
        const isFirst = world.edits.length === 0;
        const isOther = by !== 0 || key !== 0 || value !== scenario.first;
        if (at(replica.locals, key).value === value || (isFirst && isOther)) continue;
        add(`${me} edits k${key} := ${value || "removed"} (e${world.nextEdit})`, (next) => {
          spend(next, "edit");
          edit(next, by, key, value);
        });
      }
    }
  }
  if (world.budget.deletion > 0 && replica.checkpoint > 0 && !replica.deletes && !replica.attempt) {
    add(`${me} deletes the dataset`, (next) => {
      spend(next, "deletion");
      next.wasChanged = true;
      deleteDataset(next, by);
    });
  }
}

function addWork(world: World, by: number, setting: Setting, add: Add): void {
  const { stage, isUnverified, reading } = at(world.replicas, by);
  const me = nameOf(by);
  if (stage === "idle") {
    add(`${me} pull: page read`, (next) => readPage(next, by, false, setting));
    if (isUnverified) add(`${me} full compare: page read`, (next) => readPage(next, by, true, setting));
    add(`${me} sends`, (next) => send(next, by, setting));
  }
  if (stage === "page") {
    const which = `${reading?.isLast ? " (last)" : ""}${reading?.isFull ? " of full compare" : ""}`;
    add(`${me} applies page${which}`, (next) => applyPage(next, by, setting));
  }
  if (stage === "more") add(`${me} reads next page`, (next) => readPage(next, by, reading?.isFull ?? false, setting));
}

function addRequest(world: World, by: number, setting: Setting, add: Add): void {
  const { stage, request, answer } = at(world.replicas, by);
  const me = nameOf(by);
  if (stage === "sent" && request) {
    const name = `${me}'s ${request.does} c${request.commit}`;
    for (const isHalfSeen of world.budget.partial > 0 ? [false, true] : [false]) {
      add(`${name} reaches the cloud${isHalfSeen ? " (becomes visible item by item)" : ""}`, (next) => {
        const replica = at(next.replicas, by);
        const got = evaluate(next, request, { ...setting, isHalfSeen });
        if (isHalfSeen && got.type !== "ok") return false;
        if (isHalfSeen) spend(next, "partial");
        replica.answer = { ...got, waitsForSight: isHalfSeen && !setting.scenario.earlyAnswer };
        replica.request = null;
        replica.stage = "answered";
        return true;
      });
    }
    if (world.budget.duplicate > 0) {
      add(`${name} is duplicated in the network`, (next) => {
        spend(next, "duplicate");
        leaveBehind(next, request);
      });
    }
  }
  if (stage === "answered" && answer && !(answer.waitsForSight && world.hidden.some(Boolean))) {
    add(`${me} receives ${answer.type}`, (next) => receive(next, by, setting));
  }
}

function addFailures(world: World, by: number, add: Add): void {
  const { stage, answer } = at(world.replicas, by);
  const me = nameOf(by);
  const isOnTheWay = stage === "sent" || stage === "answered";
  if (isOnTheWay && world.budget.timeout > 0) {
    const what = stage === "sent" ? "request still under way" : `answer "${answer?.type}" lost`;
    add(`${me} sees an error instead (${what})`, (next) => {
      spend(next, "timeout");
      giveUp(next, by);
    });
  }
  if (stage !== "idle" && world.budget.crash > 0) {
    add(`${me} crashes and restarts`, (next) => {
      spend(next, "crash");
      giveUp(next, by);
      at(next.replicas, by).isUnverified = false;
    });
  }
}

/** S-15: a tab freezes with an answer or a page in its hands, another one goes on, and the first wakes. */
function addTabs(world: World, by: number, setting: Setting, add: Add): void {
  const { stage, frozen, repair, answer } = at(world.replicas, by);
  const me = nameOf(by);
  const isHolding = (stage === "answered" && !repair && !answer?.waitsForSight) || stage === "page";
  if (world.budget.freeze > 0 && frozen === null && isHolding) {
    add(`${me}'s tab freezes, another goes on`, (next) => {
      spend(next, "freeze");
      const replica = at(next.replicas, by);
      const { answer: held, reading, attempt, checkpointCommit } = replica;
      replica.frozen = { answer: held, reading, attempt, checkpointCommit };
      Object.assign(replica, { request: null, answer: null, reading: null, stage: "idle" });
    });
  }
  if (frozen === null || stage !== "idle") return;
  add(`${me}'s frozen tab wakes`, (next) => {
    const replica = at(next.replicas, by);
    replica.frozen = null;
    const isSame =
      replica.attempt?.commit === frozen.attempt?.commit && replica.checkpointCommit === frozen.checkpointCommit;
    if (setting.rules.looksAgain && !isSame) return;
    if (frozen.reading) {
      replica.reading = frozen.reading;
      applyPage(next, by, setting);
    } else if (frozen.answer) {
      replica.answer = frozen.answer;
      // The tab acts on the attempt that it has sent.
      if (!isSame) replica.attempt = frozen.attempt;
      receive(next, by, setting);
    }
  });
}

function giveUp(world: World, by: number): void {
  const replica = at(world.replicas, by);
  if (replica.request) leaveBehind(world, replica.request);
  Object.assign(replica, { request: null, answer: null, reading: null, repair: null, stage: "idle" });
}

function leaveBehind(world: World, attempt: Attempt): void {
  if (!world.late.some(({ commit }) => commit === attempt.commit)) world.late.push(attempt);
}

function addArrivals(world: World, setting: Setting, add: Add): void {
  world.late.forEach((attempt, index) => {
    add(`late ${attempt.does} c${attempt.commit} of ${nameOf(attempt.writer)} reaches the cloud`, (next) => {
      next.late.splice(index, 1);
      return evaluate(next, attempt, { ...setting, isHalfSeen: false }).type === "ok";
    });
  });
  world.hidden.forEach((hidden, index) => {
    if (!hidden) return;
    const what = index === setting.scenario.keys ? "head" : `k${index}`;
    add(`${what} of the commit becomes visible`, (next) => void (next.hidden[index] = null));
  });
  if (world.budget.expire === 0) return;
  world.records.forEach((record, key) => {
    if (record?.value !== 0 || world.hidden[key]) return;
    add(`tombstone of k${key} expires`, (next) => {
      spend(next, "expire");
      next.gone[key] = (next.gone[key] ?? 0) | record.knows;
      next.records[key] = null;
    });
  });
}

function addSweeps(world: World, { rules }: Setting, add: Add): void {
  if (world.budget.sweep > 0 && world.head?.deleted) {
    const { floor } = world.head;
    add("a sweeper lists what is to be removed", (next) => {
      spend(next, "sweep");
      next.records.forEach((record, key) => {
        if (record && record.count <= floor) next.sweeps.push({ key, floor });
      });
    });
  }
  world.sweeps.forEach(({ key, floor }, index) => {
    add(`sweeper's delete of k${key} reaches the cloud`, (next) => {
      next.sweeps.splice(index, 1);
      const record = next.records[key] ?? null;
      if (!record || next.hidden[key] || (rules.sweep === "conditional" && record.count > floor)) return;
      if (record.count > floor && record.value !== 0) {
        breakPromise(next, "LOST", "the sweep removed a record of the re-created dataset");
      }
      next.gone[key] = (next.gone[key] ?? 0) | record.knows;
      next.records[key] = null;
    });
  });
}

/** What is done to the table from outside. */
function addOperator(world: World, { scenario, rules }: Setting, add: Add): void {
  const isCalm = world.hidden.every((hidden) => !hidden);
  const { budget, head, backup } = world;
  if (budget.damage > 0 && head && isCalm) {
    add("the head's digest is damaged", (next) => {
      spend(next, "damage");
      next.wasChanged = true;
      next.head = { ...head, digest: "damaged" };
      next.isDamaged = true;
    });
  }
  if (budget.backup > 0 && head) {
    add(`backup taken${isCalm ? "" : " (holds part of a commit)"}`, (next) => {
      spend(next, "backup");
      next.backup = {
        head: headIn(next.hidden[scenario.keys]?.old, next.head, next.hidden[scenario.keys] !== null),
        records: next.records.map((record, key) => versionIn(next.hidden[key]?.old, record, next.hidden[key] !== null)),
      };
    });
  }
  const isAnother =
    backup && (backup.head?.commit !== head?.commit || backup.records.some((one, key) => one !== world.records[key]));
  if (budget.restore > 0 && isAnother && isCalm) {
    add("backup restored", (next) => {
      spend(next, "restore");
      next.head = scenario.headRemoved ? null : backup.head;
      next.records = backup.records.slice();
      Object.assign(next, { landed: 0, wasRestored: true, wasChanged: true, late: [] });
      // A restored table is a new one: what was under way went to the old one.
      for (const replica of next.replicas) {
        Object.assign(replica, {
          request: null,
          answer: null,
          reading: null,
          repair: null,
          stage: "idle",
          frozen: null,
        });
      }
      const floor = next.head?.floor ?? 0;
      next.isDamaged = next.head?.digest !== digestOf(rules.digest, next.records, floor);
    });
  }
  if (budget.headGone > 0 && head && isCalm) {
    add("an operator deletes the head item", (next) => {
      spend(next, "headGone");
      next.wasChanged = true;
      next.head = null;
      next.isDamaged = true;
    });
  }
}

const headIn = (old: Version | Head | null | undefined, now: Head | null, isHidden: boolean): Head | null =>
  isHidden ? (old && !("again" in old) ? old : null) : now;
const versionIn = (old: Version | Head | null | undefined, now: Version | null, isHidden: boolean): Version | null =>
  isHidden ? (old && "again" in old ? old : null) : now;

/** No acknowledged edit is anywhere lost: it is in the cloud, on its device, or named in a conflict. */
export function checkLoss(world: World): void {
  world.edits.forEach(({ by, key }, index) => {
    const bit = bitOf(index + 1);
    const isKept =
      world.accounted & bit ||
      (world.gone[key] ?? 0) & bit ||
      (world.records[key]?.knows ?? 0) & bit ||
      at(at(world.replicas, by).locals, key).knows & bit ||
      (world.wasRestored && world.replicas.some(({ locals }) => at(locals, key).knows & bit));
    if (isKept) return;
    breakPromise(world, "LOST", `e${index + 1} is neither in the cloud nor on its device nor in a conflict record`);
  });
}
