// Where a replica of the model stands, and what it knows of its own commits.
import type { Rules, Scenario } from "./rules.ts";
import { at, breakPromise, exactly, nameOf, type Head, type Replica, type World } from "./world.ts";

/** What steps of a device work with. */
export interface Setting {
  readonly scenario: Scenario;
  readonly rules: Rules;
}

/** The checkpoint moves: the replica must hold what the cloud held there. */
export function advance(world: World, by: number, count: number, commit: number): void {
  const replica = at(world.replicas, by);
  replica.checkpoint = count;
  replica.checkpointCommit = commit;
  replica.isUnverified = false;
  const held = world.history[commit];
  if (held === undefined || exactly(replica.bases) === held) return;
  breakPromise(
    world,
    "CHECKPOINT",
    `${nameOf(by)} stands at ${count} but does not hold what the cloud held at ${count}`,
  );
}

export const isMine = (replica: Replica, head: Head, by: number, rules: Rules): boolean =>
  rules.landed === "content" ||
  head.writers[by] === replica.lastLanded ||
  (replica.attempt !== null && head.writers[by] === replica.attempt.commit);
