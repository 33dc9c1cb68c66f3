// Makes the script of a failing run as short as it gets: steps are taken out as long as the same promise is still broken.
import { runPlan, type RunOutcome } from "./run.ts";
import type { PlanOptions } from "./plan.ts";

export interface Shrunk {
  readonly script: readonly string[];
  readonly violations: readonly string[];
}

/** `triesMax`: how many runs it may take. */
export async function shrink(options: PlanOptions, failed: RunOutcome, triesMax: number): Promise<Shrunk> {
  const [first = ""] = failed.violations;
  let best: Shrunk = failed;
  let tries = 0;
  for (let size = Math.ceil(best.script.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let from = 0; from < best.script.length && tries < triesMax;) {
      const script = best.script.toSpliced(from, size);
      tries += 1;
      const outcome = await runPlan(options, script);
      if (outcome.violations.some((violation) => kindOf(violation) === kindOf(first))) best = outcome;
      else from += size;
    }
  }
  return best;
}

/** What stays of a violation where numbers, devices and records are others. */
const kindOf = (violation: string): string => violation.replace(/\b[a-h]\d?\b|\d+|\b(o|n)\d\b/g, "#");
