// From a state of the model on, without further faults: everything must become equal.
import type { Setting } from "./checkpoint.ts";
import { evaluate } from "./cloud.ts";
import { applyPage, readPage, receive, send } from "./device.ts";
import { checkLoss } from "./steps.ts";
import { at, copyWorld, nameOf, type World } from "./world.ts";

const roundsMax = 14;
const stepsMax = 30;
const sendsMax = 12;

/** null: everything has become equal; else what has not. What is late never arrives. */
export function runFairly(from: World, setting: Setting): string | null {
  const world = copyWorld(from);
  for (let round = 0; round < roundsMax; round++) {
    world.hidden = world.hidden.map(() => null);
    for (let by = 0; by < setting.scenario.replicas; by++) {
      runReplica(world, by, "pull", setting);
      runReplica(world, by, "send", setting);
      if (world.violation !== null) return world.violation;
    }
    checkLoss(world);
    if (world.violation !== null) return world.violation;
    if (isSettled(world)) return null;
  }
  return `STUCK: does not converge without further faults (${explained(world)})`;
}

function runReplica(world: World, by: number, does: "pull" | "send", setting: Setting): void {
  const replica = at(world.replicas, by);
  for (let steps = 1; steps <= stepsMax; steps++) {
    if (replica.stage === "page") applyPage(world, by, setting);
    else if (replica.stage === "more") readPage(world, by, replica.reading?.isFull ?? false, setting);
    else if (replica.stage === "sent" && replica.request) {
      replica.answer = evaluate(world, replica.request, { ...setting, isHalfSeen: false });
      replica.request = null;
      replica.stage = "answered";
    } else if (replica.stage === "answered") receive(world, by, setting);
    else if (steps > 1 && does === "pull" && !replica.isUnverified) return;
    else if (steps > sendsMax) return;
    else if (does === "pull") readPage(world, by, steps > 2 && replica.isUnverified, setting);
    else if (steps > 1 || !send(world, by, setting)) return;
  }
}

function isSettled({ head, records, replicas }: World): boolean {
  const floor = head?.floor ?? 0;
  return replicas.every(({ stage, deletes, locals, bases, checkpoint }) => {
    const isEqual = locals.every((local, key) => {
      const record = records[key] ?? null;
      const there = record && record.count > floor ? record.value : 0;
      return local.value === there && at(bases, key).value === there && !local.again;
    });
    return stage === "idle" && !deletes && isEqual && checkpoint === (head?.count ?? 0);
  });
}

function explained({ head, records, replicas }: World): string {
  const devices = replicas.map(({ checkpoint, isUnverified, locals, bases }, by) => {
    const isPending = locals.some(({ value }, key) => value !== at(bases, key).value);
    const values = locals.map(({ value }) => value || "-").join();
    return `${nameOf(by)} at ${checkpoint}${isUnverified ? " unverified" : ""}${isPending ? " pending" : ""} [${values}]`;
  });
  const there = records.map((record) => record?.value || "-").join();
  return `${devices.join("; ")}; cloud at ${head?.count ?? "no head"} [${there}]`;
}
