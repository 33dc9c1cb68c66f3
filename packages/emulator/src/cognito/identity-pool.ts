// The actions of a Cognito identity pool.
import { generateKeyPair, SignJWT, type CryptoKey } from "jose";
import type { CloudClock } from "../clock.ts";
import { AwsError } from "../http/answer.ts";
import { isObject, textAt, type JsonObject } from "../json.ts";
import {
  guestsNotSupported,
  identityForbidden,
  identityNotFound,
  invalidParameter,
  loginsDoNotMatch,
  malformed,
  notAuthorized,
  poolNotFound,
} from "./cognito-error.ts";
import { isSameLogin, type Identity, type IdentityStore, type Login } from "./identity-store.ts";
import { linkLogins } from "./link-logins.ts";
import { LoginVerifier } from "./login-verifier.ts";
import type { PoolSettings } from "./pool-settings.ts";

export interface IdentityPoolOptions {
  readonly poolId: string;
  readonly region: string;
  readonly settings: PoolSettings;
  readonly store: IdentityStore;
  readonly clock: CloudClock;
  /** Milliseconds; asked whenever credentials are given out. */
  readonly credentialsLifetimeMs: () => number;
}

type Action = (input: JsonObject) => Promise<object | null>;

const openIdTokenSeconds = 600;

export class IdentityPool {
  readonly #options: IdentityPoolOptions;
  readonly #verifier: LoginVerifier;
  readonly #actions: Readonly<Record<string, Action>>;
  #openIdKey: Promise<CryptoKey> | undefined;

  constructor(options: IdentityPoolOptions) {
    this.#options = options;
    this.#verifier = new LoginVerifier(options.settings.providers, options.clock);
    this.#actions = {
      GetId: (input) => this.#getId(input),
      GetCredentialsForIdentity: (input) => this.#getCredentials(input),
      GetOpenIdToken: (input) => this.#getOpenIdToken(input),
      DescribeIdentity: (input) => this.#describeIdentity(input),
      UnlinkIdentity: (input) => this.#unlinkIdentity(input),
    };
  }

  /** The answer's body; null: an empty one. Throws an AwsError. */
  async answer(action: string, input: unknown): Promise<object | null> {
    const perform = Object.hasOwn(this.#actions, action) ? this.#actions[action] : undefined;
    if (perform === undefined) throw new AwsError("UnknownOperationException", "");
    if (!isObject(input)) throw new AwsError("SerializationException", "");
    return perform(input);
  }

  async #getId(input: JsonObject): Promise<object> {
    const { poolId, settings, store, clock, region } = this.#options;
    const askedPool = idAt(input, "IdentityPoolId");
    if (askedPool !== poolId) throw poolNotFound(askedPool);
    const logins = await this.#logins(input);
    if (logins.length === 0 && !settings.guests) throw guestsNotSupported();
    const now = clock.now();
    const identity =
      logins.length === 0 ? store.create(region, now) : linkLogins({ store, asked: null, logins, region, now });
    store.save();
    return { IdentityId: identity.identityId };
  }

  async #getCredentials(input: JsonObject): Promise<object> {
    const { store, clock } = this.#options;
    const { identity, isGuest } = await this.#enter(input);
    const roleArn = this.#roleArn(isGuest, textAt(input, "CustomRoleArn"));
    const now = clock.now();
    const expiration = now + this.#options.credentialsLifetimeMs();
    const credentials = store.issue({ identityId: identity.identityId, roleArn, expiration, now });
    store.save();
    return {
      IdentityId: identity.identityId,
      Credentials: {
        AccessKeyId: credentials.accessKeyId,
        SecretKey: credentials.secretAccessKey,
        SessionToken: credentials.sessionToken,
        Expiration: Math.floor(expiration / 1000),
      },
    };
  }

  async #getOpenIdToken(input: JsonObject): Promise<object> {
    const { poolId, settings, clock } = this.#options;
    if (!settings.classicFlow) {
      throw invalidParameter("Basic (classic) flow is not enabled, please use enhanced flow.");
    }
    const { identity, isGuest } = await this.#enter(input);
    this.#openIdKey ??= generateKeyPair("RS512").then(({ privateKey }) => privateKey);
    const now = Math.floor(clock.now() / 1000);
    const token = await new SignJWT({ amr: isGuest ? ["unauthenticated"] : ["authenticated"] })
      .setProtectedHeader({ alg: "RS512", typ: "JWS" })
      .setIssuer("https://cognito-identity.amazonaws.com")
      .setAudience(poolId)
      .setSubject(identity.identityId)
      .setIssuedAt(now)
      .setExpirationTime(now + openIdTokenSeconds)
      .sign(await this.#openIdKey);
    return { IdentityId: identity.identityId, Token: token };
  }

  async #describeIdentity(input: JsonObject): Promise<object> {
    const { identityId, logins, createdAt, modifiedAt } = this.#find(input);
    return {
      IdentityId: identityId,
      ...(logins.length === 0 ? {} : { Logins: logins.map(({ provider }) => provider) }),
      CreationDate: createdAt / 1000,
      LastModifiedDate: modifiedAt / 1000,
    };
  }

  async #unlinkIdentity(input: JsonObject): Promise<null> {
    const { store, clock } = this.#options;
    const identity = this.#find(input);
    const shown = await this.#logins(input);
    const removed = input["LoginsToRemove"];
    if (!Array.isArray(removed)) throw invalidParameter("LoginsToRemove is required.");
    if (!shown.some((login) => identity.logins.some((own) => isSameLogin(own, login)))) throw loginsDoNotMatch();
    identity.logins = identity.logins.filter(({ provider }) => !removed.includes(provider));
    // Nothing leads to an identity without logins that once had some; it must not become a guest.
    if (identity.logins.length === 0) identity.disabled = true;
    identity.modifiedAt = clock.now();
    store.save();
    return null;
  }

  /** The identity that is asked for, after its logins were linked or merged. */
  async #enter(input: JsonObject): Promise<{ readonly identity: Identity; readonly isGuest: boolean }> {
    const { settings, store, clock, region } = this.#options;
    this.#find(input);
    const logins = await this.#logins(input);
    // Looked up again: while the tokens were checked, another request may have merged it.
    const asked = this.#find(input);
    if (asked.disabled) throw identityForbidden(asked.identityId);
    if (logins.length > 0) {
      const identity = linkLogins({ store, asked, logins, region, now: clock.now() });
      store.save();
      return { identity, isGuest: false };
    }
    if (asked.logins.length > 0) throw identityForbidden(asked.identityId);
    if (!settings.guests) throw guestsNotSupported();
    return { identity: asked, isGuest: true };
  }

  #find(input: JsonObject): Identity {
    const identityId = idAt(input, "IdentityId");
    const identity = this.#options.store.find(identityId);
    if (identity === undefined) throw identityNotFound(identityId);
    return identity;
  }

  async #logins(input: JsonObject): Promise<readonly Login[]> {
    const logins = input["Logins"] ?? {};
    if (!isTextMap(logins)) throw new AwsError("SerializationException", "");
    return this.#verifier.verifyAll(logins);
  }

  #roleArn(isGuest: boolean, custom: string | undefined): string {
    const { roles } = this.#options.settings;
    if (custom === undefined) return isGuest ? roles.unauthenticated : roles.authenticated;
    if (!isGuest && roles.custom.includes(custom)) return custom;
    throw notAuthorized(`The role ${custom} is not one that this identity may choose.`);
  }
}

function idAt(input: JsonObject, name: "IdentityPoolId" | "IdentityId"): string {
  const id = textAt(input, name) ?? "";
  if (!/^[\w-]+:[0-9a-f-]+$/.test(id)) throw malformed(name === "IdentityId" ? "identityId" : "identityPoolId", id);
  return id;
}

function isTextMap(input: unknown): input is Readonly<Record<string, string>> {
  return isObject(input) && Object.values(input).every((value) => typeof value === "string");
}
