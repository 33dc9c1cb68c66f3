// Who the user is: from the app's logins and the identity pool to an identity and its credentials. It remembers tokens and
// credentials in memory only; forgetting them (sign-out) is dropping the broker, so that an answer that arrives later
// remembers nothing.
import { isSyncError, SyncError, type IdentityId } from "@holdfast/core";
import type { AwsCredentials, Logins } from "../api.ts";
import type { SignedIn, Who } from "../cloud.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import type { CloudClock } from "./cloud-clock.ts";
import type { CloudConfiguration } from "./cognito-dynamo.ts";
import { CredentialsCache } from "./credentials-cache.ts";
import type { IdentityPool, IssuedCredentials } from "./identity-pool.ts";
import { checkedLogins, developerIdentity, LoginTokens } from "./login-tokens.ts";

export interface IdentityBrokerOptions {
  readonly configuration: CloudConfiguration;
  readonly pool: IdentityPool;
  readonly runtime: RuntimeImplementation;
  readonly clock: CloudClock;
}

export class IdentityBroker {
  readonly #configuration: CloudConfiguration;
  readonly #pool: IdentityPool;
  readonly #tokens: LoginTokens;
  readonly #cache: CredentialsCache;

  constructor({ configuration, pool, runtime, clock }: IdentityBrokerOptions) {
    this.#configuration = configuration;
    this.#pool = pool;
    this.#tokens = new LoginTokens(configuration.logins, runtime, clock);
    this.#cache = new CredentialsCache((identity, signal) => this.#issue(identity, signal), clock);
  }

  async identify(who: Who, signal: AbortSignal): Promise<SignedIn | null> {
    signal.throwIfAborted();
    if (who.type === "logins") return this.#signIn(who.logins, who.guest, signal);
    const { known, create, askLogins } = who;
    if (known?.kind === "guest") return known;
    // Credentials name their identity: one request tells whether the logins still are this identity's.
    if (known) return this.#authenticated(await this.#cache.get(known, signal), known.logins);
    const logins = askLogins ? await this.#tokens.ask(signal) : null;
    if (logins) return this.#signIn(logins, null, signal);
    if (this.#configuration.guests && create) {
      return { identityId: await this.#pool.identityId(null, signal), kind: "guest", logins: [] };
    }
    return null;
  }

  credentials(identity: SignedIn, signal: AbortSignal): Promise<AwsCredentials> {
    return this.#cache.get(identity, signal);
  }

  /** Credentials that the cloud no longer accepts; newer ones stay. */
  drop(credentials: AwsCredentials): void {
    this.#cache.drop(credentials);
  }

  async #signIn(input: Logins, guest: IdentityId | null, signal: AbortSignal): Promise<SignedIn> {
    const logins = checkedLogins(input);
    if (logins === null) throw notSignedIn();
    const asked = developerIdentity(logins) ?? guest;
    if (asked === null) {
      const identityId = await this.#pool.identityId(logins, signal);
      this.#tokens.remember(identityId, logins);
      return this.#authenticated({ identityId }, Object.keys(logins));
    }
    const issued = await this.#issueWith(asked, logins, signal);
    this.#cache.put(issued);
    return this.#authenticated(issued, Object.keys(logins));
  }

  #authenticated({ identityId }: { readonly identityId: IdentityId }, known: readonly string[]): SignedIn {
    const logins = this.#tokens.remembered(identityId);
    return { identityId, kind: "authenticated", logins: logins ? Object.keys(logins) : known };
  }

  async #issue(identity: SignedIn, signal: AbortSignal): Promise<IssuedCredentials> {
    this.#refuseClassicFlow();
    const { identityId, kind } = identity;
    if (kind === "guest") return this.#pool.credentials(identityId, null, signal);
    const remembered = this.#tokens.remembered(identityId);
    if (remembered) {
      try {
        return await this.#issueWith(identityId, remembered, signal);
      } catch (error) {
        if (!isSyncError(error, "not-signed-in")) throw error;
      }
    }
    // Never without logins: that would quietly make a guest of the user.
    const fresh = await this.#tokens.ask(signal);
    if (fresh === null) throw notSignedIn();
    return this.#issueWith(identityId, fresh, signal);
  }

  async #issueWith(identityId: IdentityId, logins: Logins, signal: AbortSignal): Promise<IssuedCredentials> {
    this.#refuseClassicFlow();
    const asked = developerIdentity(logins) ?? identityId;
    try {
      return this.#remember(await this.#pool.credentials(asked, logins, signal), logins);
    } catch (error) {
      if (!isSyncError(error, "not-signed-in") || developerIdentity(logins) !== null) throw error;
      // Cognito says no more than that it won't. Perhaps the logins are another identity's: GetId tells whose.
      const owner = await this.#pool.identityId(logins, signal);
      if (owner === asked) throw error;
      return this.#remember(await this.#pool.credentials(owner, logins, signal), logins);
    }
  }

  #remember(issued: IssuedCredentials, logins: Logins): IssuedCredentials {
    this.#tokens.remember(issued.identityId, logins);
    return issued;
  }

  #refuseClassicFlow(): void {
    if (this.#configuration.flow === "enhanced") return;
    throw new SyncError({
      code: "internal",
      message: 'The flow "classic" is not built yet. Create the cloud with flow: "enhanced" (the default).',
    });
  }
}

const notSignedIn = (): SyncError =>
  new SyncError({
    code: "not-signed-in",
    message:
      "The login has expired and the app handed out no new one. Everything stays on this device; sign in to go on.",
  });
