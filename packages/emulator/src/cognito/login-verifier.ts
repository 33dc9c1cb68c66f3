// Checks OIDC tokens against their provider's keys, found through the provider's discovery document as Cognito does it.
import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet, type JWTPayload } from "jose";
import type { CloudClock } from "../clock.ts";
import { AwsError } from "../http/answer.ts";
import { isObject, textAt } from "../json.ts";
import { invalidToken, notAuthorized } from "./cognito-error.ts";
import type { Login } from "./identity-store.ts";

/** An OIDC provider that the pool trusts. */
export interface Provider {
  /** As in the token's `iss`. */
  readonly issuer: string;
  /** As in the token's `aud`: the app's client id. */
  readonly audience: string;
}

/** Milliseconds to wait for a provider. */
const providerMsMax = 5000;

export class LoginVerifier {
  readonly #providers: Readonly<Record<string, Provider>>;
  readonly #clock: CloudClock;
  readonly #keys = new Map<string, JSONWebKeySet>();

  constructor(providers: Readonly<Record<string, Provider>>, clock: CloudClock) {
    this.#providers = providers;
    this.#clock = clock;
  }

  /** One bad token fails them all. */
  async verifyAll(logins: Readonly<Record<string, string>>): Promise<readonly Login[]> {
    return Promise.all(Object.entries(logins).map(([provider, token]) => this.#verify(provider, token)));
  }

  async #verify(key: string, token: string): Promise<Login> {
    const provider = Object.hasOwn(this.#providers, key) ? this.#providers[key] : undefined;
    if (provider === undefined) {
      throw notAuthorized("Token is not from a supported provider of this identity pool.");
    }
    const payload = await this.#payload(provider, token).catch((error: unknown) => {
      throw refusal(error, Math.floor(this.#clock.now() / 1000));
    });
    // `sub` is required below, so it is there.
    return { provider: key, subject: String(payload.sub) };
  }

  async #payload(provider: Provider, token: string): Promise<JWTPayload> {
    const check = async (keys: JSONWebKeySet): Promise<JWTPayload> => {
      const { payload } = await jwtVerify(token, createLocalJWKSet(keys), {
        issuer: provider.issuer,
        audience: provider.audience,
        currentDate: new Date(this.#clock.now()),
        requiredClaims: ["sub", "exp"],
      });
      return payload;
    };
    const cached = this.#keys.get(provider.issuer);
    if (cached !== undefined) {
      try {
        return await check(cached);
      } catch (error) {
        // The provider may have new keys.
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
    }
    const keys = await fetchKeys(provider.issuer);
    this.#keys.set(provider.issuer, keys);
    return check(keys);
  }
}

async function fetchKeys(issuer: string): Promise<JSONWebKeySet> {
  const configuration = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const keysUrl = isObject(configuration) ? textAt(configuration, "jwks_uri") : undefined;
  const keys = keysUrl === undefined ? undefined : await fetchJson(keysUrl);
  if (isKeySet(keys)) return keys;
  throw unreachable(issuer);
}

const isKeySet = (input: unknown): input is JSONWebKeySet => isObject(input) && Array.isArray(input["keys"]);

async function fetchJson(url: string): Promise<unknown> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(providerMsMax) });
    if (answer.ok) return await answer.json();
  } catch {
    // The same as an answer that is none.
  }
  throw unreachable(url);
}

const unreachable = (url: string): AwsError =>
  new AwsError("ExternalServiceException", `The login provider could not be reached: ${url}.`);

function refusal(error: unknown, now: number): unknown {
  if (error instanceof errors.JWTExpired) return invalidToken(`Token expired: ${now} >= ${error.payload.exp}`);
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === "iss") return invalidToken("Issuer doesn't match providerName");
    if (error.claim === "aud") return invalidToken("Incorrect token audience.");
    return invalidToken(`Missing or bad claim: ${error.claim}.`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed || error instanceof errors.JWKSNoMatchingKey) {
    return invalidToken("Token signature invalid.");
  }
  if (error instanceof errors.JOSEError) return invalidToken("Not a valid OpenId Connect identity token.");
  return error;
}
