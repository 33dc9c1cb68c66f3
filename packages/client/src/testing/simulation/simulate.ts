// `simulate`, as apps and `npm run soak` call it.
import { simulatedFaults, parseFaults } from "./faults.ts";
import { runPlan } from "./run.ts";
import { shrink } from "./shrink.ts";

export interface SimulateOptions {
  /** The same seed makes the same run. */
  readonly seed: number;
  /** Devices: 2 to 8. */
  readonly replicas: number;
  /** Steps before everything is left to come to rest. One is an app's call, a local transaction or a network event. */
  readonly steps: number;
  /** What may go wrong. Default: some of all, other ones with each seed. */
  readonly faults?: readonly string[];
}

export interface SimulationReport {
  /** Promises that were broken; empty: none. */
  readonly violations: readonly string[];
  /** Of a failing run: its steps, as few as still break the promise. */
  readonly script: readonly string[];
  /** Steps that were taken, those of coming to rest included. */
  readonly operations: number;
  /** How often what has happened: faults, outcomes of commits, kinds of conflicts. */
  readonly happenings: Readonly<Record<string, number>>;
}

/** Runs that shrinking a failing one may take. */
const shrinkTriesMax = 300;

/**
 * Several devices, each with one or two tabs and the real client, sync through a cloud that fails in all the ways that a
 * real one does, while pages crash, clocks jump and storage is deleted. Nothing waits: time is simulated.
 * @throws RangeError where an option can't be right
 */
export async function simulate(options: SimulateOptions): Promise<SimulationReport> {
  const { seed, replicas, steps } = options;
  if (!Number.isInteger(replicas) || replicas < 2 || replicas > 8) {
    throw new RangeError(`A simulation has 2 to 8 replicas, not ${replicas}.`);
  }
  if (!Number.isSafeInteger(seed)) throw new RangeError(`A simulation's seed is a whole number, not ${seed}.`);
  if (!Number.isSafeInteger(steps) || steps < 1)
    throw new RangeError(`A simulation has at least one step, not ${steps}.`);
  const plan = { seed, replicas, steps, faults: options.faults && parseFaults(options.faults) };
  const outcome = await runPlan(plan);
  const { operations } = outcome;
  const happenings = Object.fromEntries(outcome.happenings);
  if (outcome.violations.length === 0) return { violations: [], script: [], operations, happenings };
  const { violations, script } = await shrink(plan, outcome, shrinkTriesMax);
  return { violations, script, operations, happenings };
}

/** The names that `faults` may hold. */
export const simulationFaults: readonly string[] = simulatedFaults;
