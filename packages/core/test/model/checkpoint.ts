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

/** Whether the head's word on this replica's last commit is what it knows itself. */
export function isMine(replica: Replica, head: Head, by: number, { rules, scenario }: Setting): boolean {
  const named = head.writers[by] ?? 0;
  if (rules.landed === "content" || named === replica.lastLanded) return true;
  if (named === 0 && rules.absence === "counted" && isFull(head, scenario)) return true;
  return replica.attempt !== null && named === replica.attempt.commit;
}

/** Whether the head names as many writers as it can: one that it does not name may have been pushed out. */
const isFull = (head: Head, scenario: Scenario): boolean =>
  head.heard.length >= (scenario.writersMax ?? scenario.replicas);
