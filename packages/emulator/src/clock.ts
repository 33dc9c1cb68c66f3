// The emulated cloud's clock. Its Date header, the expiry of credentials and the check of a signature's time all go by
// it, so that a wrong Date is a wrong cloud and not a contradiction.
export class CloudClock {
  readonly #offsetMs: () => number;

  /** `offsetMs`: milliseconds ahead of this machine, asked each time. */
  constructor(offsetMs: () => number) {
    this.#offsetMs = offsetMs;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.#offsetMs();
  }
}
