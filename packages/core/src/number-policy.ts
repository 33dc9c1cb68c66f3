// Path policies for numbers.
import type { PathPolicy } from "./conflict.ts";
import { makePolicy } from "./path-policy.ts";

/** A number that both sides add to or take from: both differences count. Absent in the base counts as 0. */
export function counter(): PathPolicy {
  return makePolicy("counter", ({ base = 0, local, remote }) => {
    if (typeof base !== "number" || typeof local !== "number" || typeof remote !== "number") return null;
    const value = local + remote - base;
    return Number.isFinite(value) ? { value: value === 0 ? 0 : value, clashed: false } : null;
  });
}

/** Of two numbers that both sides set, the higher one. */
export const highest = (): PathPolicy => chooseNumber("highest", Math.max);

/** Of two numbers that both sides set, the lower one. */
export const lowest = (): PathPolicy => chooseNumber("lowest", Math.min);

function chooseNumber(policy: string, choose: (a: number, b: number) => number): PathPolicy {
  return makePolicy(policy, ({ local, remote }) =>
    typeof local === "number" && typeof remote === "number" ? { value: choose(local, remote), clashed: false } : null,
  );
}
