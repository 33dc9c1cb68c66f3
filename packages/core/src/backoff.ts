// Waiting before another try: full jitter, so that devices that failed together do not come back together (S-14).
import { backoffDelayMs } from "./limits.ts";

/** Milliseconds before try number `failures` + 1; `chance` is 0 ≤ x < 1. */
export function backoffMs(failures: number, chance: number): number {
  return chance * Math.min(backoffDelayMs.first * 2 ** failures, backoffDelayMs.max);
}
