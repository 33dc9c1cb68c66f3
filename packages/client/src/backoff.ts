// Waiting before another try: full jitter, so that devices that failed together do not come back together (S-14).
import { backoffDelayMs } from "@holdfast/core";

/** Milliseconds before try number `failures` + 1; `random` is 0 ≤ x < 1. */
export function backoffMs(failures: number, random: number): number {
  return random * Math.min(backoffDelayMs.first * 2 ** failures, backoffDelayMs.max);
}
