// The cloud's time, learned from the Date header of its answers: a wrong device clock breaks request signing and "newest
// wins".
import type { RuntimeImplementation } from "../runtime.ts";

export interface Observation {
  /** The Date header in milliseconds since 1970: whole seconds, cut off. */
  readonly date: number;
  /** By the device's clock. */
  readonly sentAt: number;
  readonly receivedAt: number;
}

/**
 * The header says that the cloud's clock stood between `date` and a second later at some moment between sending and
 * receiving. An offset that agrees with that stays: a device clock that is right is better than a header cut to seconds.
 */
export function correctedOffset(offset: number, { date, sentAt, receivedAt }: Observation): number {
  if (!Number.isFinite(date)) return offset;
  const lowest = date - receivedAt;
  const highest = date + 1000 - sentAt;
  return Math.min(Math.max(offset, lowest), highest);
}

export class CloudClock {
  readonly #runtime: RuntimeImplementation;
  #offset: number;

  constructor(runtime: RuntimeImplementation, rememberedOffset: number) {
    this.#runtime = runtime;
    this.#offset = rememberedOffset;
  }

  /** Milliseconds to add to the device's clock. */
  get offset(): number {
    return this.#offset;
  }

  /** Milliseconds since 1970, by the cloud. */
  now(): number {
    return this.#runtime.now() + this.#offset;
  }

  observe(header: string, sentAt: number): void {
    this.#offset = correctedOffset(this.#offset, { date: Date.parse(header), sentAt, receivedAt: this.#runtime.now() });
  }
}
