// Looks through the states of a scenario: all of them breadth first, some by seeded walks, or one named trace.
import type { Setting } from "./checkpoint.ts";
import { runFairly } from "./fair-run.ts";
import { hashOf } from "./state-hash.ts";
import { stepsOf } from "./steps.ts";
import { firstWorld, type World } from "./world.ts";

interface Found {
  readonly text: string;
  readonly trace: readonly string[];
}

export interface Outcome {
  readonly states: number;
  readonly depth: number;
  /** Every state was seen. */
  readonly isExhausted: boolean;
  /** The first of each kind; breadth first, so a shortest one. */
  readonly found: readonly Found[];
}

export interface Bounds {
  /** Kinds of violations after which the search ends. Default: none. */
  readonly kinds?: number;
  readonly statesMax?: number;
}

const isResting = ({ replicas }: World): boolean => replicas.every(({ stage }) => stage === "idle");

/** All states, the nearest first. */
export function explore(setting: Setting, { kinds = Infinity, statesMax = 8_000_000 }: Bounds = {}): Outcome {
  const first = firstWorld(setting.scenario);
  const seen = new Set([hashOf(first)]);
  const parents = [-1];
  const labels = ["start"];
  const found = new Map<string, Found>();
  const report = (text: string, from: number, last: string): void => {
    const kind = text.replaceAll(/[0-9ABC]+/g, "#").slice(0, 40);
    if (found.has(kind)) return;
    const trace = [last];
    for (let index = from; index > 0; index = parents[index] ?? 0) trace.unshift(labels[index] ?? "");
    found.set(kind, { text, trace });
  };
  const end = (depth: number, isExhausted: boolean): Outcome => ({
    ...{ states: seen.size, depth, isExhausted },
    found: [...found.values()],
  });
  let frontier: (readonly [World, number])[] = [[first, 0]];
  let depth = 0;
  for (; frontier.length > 0; depth++) {
    const next: (readonly [World, number])[] = [];
    for (const [world, from] of frontier) {
      const stuck = isResting(world) ? runFairly(world, setting) : null;
      if (stuck !== null) report(stuck, from, "then no more faults");
      for (const [label, then] of stuck === null ? stepsOf(world, setting) : []) {
        if (then.violation !== null) {
          report(then.violation, from, label);
          continue;
        }
        const hash = hashOf(then);
        if (seen.has(hash)) continue;
        seen.add(hash);
        next.push([then, parents.push(from) - 1]);
        labels.push(label);
      }
      if (found.size >= kinds || seen.size >= statesMax) return end(depth, false);
    }
    frontier = next;
  }
  return end(depth, true);
}

const walkDepth = 60;

/** Seeded walks, for bounds that are too wide to exhaust. */
export function walk(setting: Setting, { walks, kinds = Infinity }: { walks: number; kinds?: number }): Outcome {
  let seed = 1;
  const random = (): number => (seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0) / 2 ** 32;
  const found = new Map<string, Found>();
  let states = 0;
  for (let count = 0; count < walks && found.size < kinds; count++) {
    let world = firstWorld(setting.scenario);
    const trace: string[] = [];
    for (let depth = 1; depth <= walkDepth; depth++) {
      const steps = stepsOf(world, setting);
      const step = steps[Math.floor(random() * steps.length)];
      if (!step) break;
      states += 1;
      trace.push(step[0]);
      world = step[1];
      const isLooked = depth % 6 === 0 && isResting(world);
      const text = world.violation ?? (isLooked ? runFairly(world, setting) : null);
      if (text === null) continue;
      const [kind = text] = text.split(":");
      if (!found.has(kind)) found.set(kind, { text, trace });
      break;
    }
  }
  return { states, depth: walkDepth, isExhausted: false, found: [...found.values()] };
}

/**
 * One named trace, then a fair run.
 * @throws RangeError where a step can't happen: the trace is of other rules
 */
export function replay(setting: Setting, trace: readonly string[]): Outcome {
  let world = firstWorld(setting.scenario);
  for (const [index, label] of trace.entries()) {
    const step = stepsOf(world, setting).find(([name]) => name === label);
    if (!step) throw new RangeError(`the trace stops before its step ${index + 1}: ${label}`);
    world = step[1];
    if (world.violation !== null) break;
  }
  const text = world.violation ?? runFairly(world, setting);
  const found = text === null ? [] : [{ text, trace }];
  return { states: trace.length, depth: trace.length, isExhausted: false, found };
}
