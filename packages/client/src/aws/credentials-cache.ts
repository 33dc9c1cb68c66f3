// Temporary credentials of each identity: cached, renewed before they expire, once however many wait.
import { isRetryable, isSyncError, type IdentityId } from "@holdfast/core";
import type { AwsCredentials } from "../api.ts";
import type { SignedIn } from "../cloud.ts";
import { SharedRun } from "./abortable.ts";
import type { CloudClock } from "./cloud-clock.ts";
import type { IssuedCredentials } from "./identity-pool.ts";

/** Milliseconds before their end at which credentials are renewed. */
const renewalMs = 5 * 60_000;

/** Milliseconds that credentials must still be good for where renewing them failed. */
const lastUseMs = 30_000;

export class CredentialsCache {
  readonly #issue: (identity: SignedIn, signal: AbortSignal) => Promise<IssuedCredentials>;
  readonly #clock: CloudClock;
  readonly #entries = new Map<IdentityId, Entry>();

  constructor(issue: (identity: SignedIn, signal: AbortSignal) => Promise<IssuedCredentials>, clock: CloudClock) {
    this.#issue = issue;
    this.#clock = clock;
  }

  async get(identity: SignedIn, signal: AbortSignal): Promise<IssuedCredentials> {
    const entry = this.#entryOf(identity.identityId);
    const { cached } = entry;
    if (cached && this.#lasts(cached, renewalMs)) return cached;
    try {
      return await entry.renewal.join(async (shared) => {
        const issued = await this.#issue(identity, shared);
        // Both where they were asked for and where they belong: these may be two.
        entry.cached = issued;
        this.put(issued);
        return issued;
      }, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Renewal begins early, so that a failure on the way costs nothing yet.
      if (isSyncError(error) && isRetryable(error.code) && entry.cached && this.#lasts(entry.cached, lastUseMs))
        return entry.cached;
      throw error;
    }
  }

  put(credentials: IssuedCredentials): void {
    this.#entryOf(credentials.identityId).cached = credentials;
  }

  /** Forgets these credentials; newer ones stay. */
  drop(credentials: AwsCredentials): void {
    for (const entry of this.#entries.values()) {
      if (entry.cached?.accessKeyId === credentials.accessKeyId) entry.cached = null;
    }
  }

  #lasts(credentials: AwsCredentials, ms: number): boolean {
    return credentials.expiration.getTime() - this.#clock.now() > ms;
  }

  #entryOf(identityId: IdentityId): Entry {
    const known = this.#entries.get(identityId);
    if (known) return known;
    const entry: Entry = { cached: null, renewal: new SharedRun() };
    this.#entries.set(identityId, entry);
    return entry;
  }
}

interface Entry {
  cached: IssuedCredentials | null;
  readonly renewal: SharedRun<IssuedCredentials>;
}
