// One simulated run from its start to its rest: by its seed, or by a script.
import { nextTurn } from "../../next-turn.ts";
import { decisionToLine, parseDecision, type Decision } from "./decision.ts";
import { planRun, type Plan, type PlanOptions } from "./plan.ts";
import { comeToRest, begin } from "./quiescence.ts";
import { SeededChooser } from "./seeded-chooser.ts";
import { World } from "./world.ts";

export interface RunOutcome {
  readonly violations: readonly string[];
  readonly operations: number;
  readonly happenings: ReadonlyMap<string, number>;
  /** All that was decided, line by line. */
  readonly script: readonly string[];
}

/** @param script default: what the seed chooses */
export async function runPlan(options: PlanOptions, script?: readonly string[]): Promise<RunOutcome> {
  const plan = planRun(options);
  const world = new World(plan);
  const taken: string[] = [];
  await begin(world);
  for (const decision of script ? script.map(parseDecision) : seeded(world, plan)) {
    if (!world.perform(decision)) continue;
    taken.push(decisionToLine(decision));
    world.operations += 1;
    await nextTurn();
    if (world.violations.length > 0) break;
  }
  if (world.violations.length === 0) await comeToRest(world);
  for (const tab of world.tabs) world.stop(tab, 0);
  const { violations, operations, happenings } = world;
  return { violations, operations, happenings, script: taken };
}

function* seeded(world: World, { steps }: Plan): Generator<Decision> {
  const chooser = new SeededChooser(world);
  for (let step = 0; step < steps; step += 1) yield chooser.next();
}
