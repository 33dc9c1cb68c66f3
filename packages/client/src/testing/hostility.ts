// What a cloud may do besides answering, by chance that can be repeated.
import { seededRandom } from "./seeded-random.ts";

/** Each of them happens on real networks and on DynamoDB, and costs an app nothing but time. */
export const cloudFaults = [
  /** A commit's items are seen one by one, in any order, the head included. */
  "half-seen",
  /** Pages of any size. */
  "pages",
  /** Pages with nothing in them, after which others follow. */
  "empty-pages",
  /** The names of an object come back in another order. */
  "key-order",
  /** A request never arrives. */
  "lost-request",
  /** It is done, and the answer never arrives. */
  "lost-answer",
  /** A request arrives once more, much later; a lost one for the first time. */
  "late-duplicate",
  "throttled",
  /** A commit is cancelled because another transaction touches the same items, alone or beside other reasons. */
  "conflict",
  /** Notes of removed records are gone. */
  "expired-tombstones",
] as const;

export type CloudFault = (typeof cloudFaults)[number];

/** How a page is read: at most so many items; `isEmpty`: none, and a cursor (DynamoDB does that). */
export interface Paging {
  readonly size: number;
  readonly isEmpty?: boolean;
}

export interface HostilityOptions {
  readonly faults: readonly CloudFault[];
  readonly seed: number;
  /** How likely each of them is, each time that it could happen: 0 to 1. */
  readonly rate: number;
}

export class Hostility {
  readonly #random: () => number;
  readonly #rate: number;
  #faults: ReadonlySet<CloudFault>;

  constructor({ faults, seed, rate }: HostilityOptions) {
    this.#random = seededRandom(seed);
    this.#rate = rate;
    this.#faults = new Set(faults);
  }

  /** From now on these, and no others. */
  setFaults(faults: readonly CloudFault[]): void {
    this.#faults = new Set(faults);
  }

  happens(fault: CloudFault): boolean {
    // Half-seen commits are the rule, not the exception: nothing makes DynamoDB show them at once.
    const rate = fault === "half-seen" ? Math.max(this.#rate, 0.5) : this.#rate;
    return this.#faults.has(fault) && this.#random() < rate;
  }

  readFault(): "throttled" | "lost-request" | null {
    if (this.happens("throttled")) return "throttled";
    return this.happens("lost-request") ? "lost-request" : null;
  }

  commitFault(): "throttled" | "conflict" | "lost-request" | "lost-answer" | null {
    for (const fault of ["throttled", "conflict", "lost-request", "lost-answer"] as const) {
      if (this.happens(fault)) return fault;
    }
    return null;
  }

  paging(size: number): Paging {
    const small = this.#faults.has("pages") ? 1 + Math.floor(this.#random() * 4) : size;
    return { size: Math.min(small, size), isEmpty: this.happens("empty-pages") };
  }

  shuffled<T>(list: readonly T[]): readonly T[] {
    const mixed = [...list];
    for (let last = mixed.length - 1; last > 0; last -= 1) {
      const other = Math.floor(this.#random() * (last + 1));
      const [a, b] = [mixed[last], mixed[other]];
      if (a !== undefined && b !== undefined) [mixed[last], mixed[other]] = [b, a];
    }
    return mixed;
  }
}
