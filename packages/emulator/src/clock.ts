// The emulated cloud's clock. Its Date header, the expiry of credentials and the check of a signature's time all go by it,
// so that a wrong Date is a wrong cloud and not a contradiction.
export class CloudClock {
  /** Milliseconds ahead of this machine. */
  offsetMs = 0;

  /** Milliseconds since 1970. */
  now(): number {
    return Date.now() + this.offsetMs;
  }
}
