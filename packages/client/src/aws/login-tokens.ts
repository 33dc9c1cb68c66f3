// The login tokens of the session: those that signIn was given, and those that the app's `logins` callback hands out when
// one is needed. They live in memory only and are never part of an error.
import { isIdentityId, SyncError, type IdentityId } from "@holdfast/core";
import type { Logins, Wait } from "../api.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import { abortable } from "./abortable.ts";
import type { CloudClock } from "./cloud-clock.ts";

export type AskLogins = (options: Required<Wait>) => Promise<Logins | null>;

/** The logins key of a token of GetOpenIdTokenForDeveloperIdentity. */
const developerKey = "cognito-identity.amazonaws.com";

/** Milliseconds before its end from which a token is taken for expired: it must outlive the request that carries it. */
const expiryMarginMs = 10_000;

export class LoginTokens {
  readonly #ask: AskLogins | undefined;
  readonly #runtime: RuntimeImplementation;
  readonly #clock: CloudClock;
  readonly #loginsByIdentity = new Map<IdentityId, Logins>();

  constructor(ask: AskLogins | undefined, runtime: RuntimeImplementation, clock: CloudClock) {
    this.#ask = ask;
    this.#runtime = runtime;
    this.#clock = clock;
  }

  remember(identityId: IdentityId, logins: Logins): void {
    this.#loginsByIdentity.set(identityId, logins);
  }

  /** null: none, or one of them has expired. */
  remembered(identityId: IdentityId): Logins | null {
    const logins = this.#loginsByIdentity.get(identityId);
    if (!logins) return null;
    const now = this.#clock.now() + expiryMarginMs;
    return Object.values(logins).some((token) => (expiryOf(token) ?? Infinity) <= now) ? null : logins;
  }

  /** Asks the app. null: nobody is signed in. @throws SyncError `offline`, `cloud-unavailable`, `cloud-misconfigured` */
  async ask(signal: AbortSignal): Promise<Logins | null> {
    if (!this.#ask) return null;
    let answer: unknown;
    try {
      answer = await abortable(this.#ask({ signal }), signal);
    } catch (error) {
      signal.throwIfAborted();
      const code = this.#runtime.online() ? "cloud-unavailable" : "offline";
      const message =
        "The app's logins callback failed. It is asked again at the next sync; let it answer null where the user must sign in.";
      throw new SyncError({ code, message }, { cause: error });
    }
    return answer === null ? null : checkedLogins(answer);
  }
}

/** null: there is no login in it. @throws SyncError `cloud-misconfigured` */
export function checkedLogins(input: unknown): Logins | null {
  if (typeof input !== "object" || input === null) throw notLogins();
  const logins: Record<string, string> = {};
  for (const [provider, token] of Object.entries(input)) {
    if (typeof token !== "string" || token === "") throw notLogins();
    logins[provider] = token;
  }
  return Object.keys(logins).length === 0 ? null : logins;
}

/** The identity that a developer token names as its subject; null: there is no such token, ask GetId. */
export function developerIdentity(logins: Logins): IdentityId | null {
  const token = logins[developerKey];
  if (token === undefined) return null;
  const subject = claimOf(token, "sub");
  if (isIdentityId(subject)) return subject;
  throw new SyncError({
    code: "not-signed-in",
    message: `The login ${developerKey} is no token of GetOpenIdTokenForDeveloperIdentity: it names no identity. Hand over the token as the back end got it.`,
  });
}

/** Milliseconds since 1970; undefined for tokens that don't tell (some providers' are opaque). */
function expiryOf(token: string): number | undefined {
  const seconds = claimOf(token, "exp");
  return typeof seconds === "number" ? seconds * 1000 : undefined;
}

/** A claim of a JSON Web Token, unverified: Cognito verifies it. */
function claimOf(token: string, name: "sub" | "exp"): unknown {
  const payload = token.split(".")[1] ?? "";
  try {
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (char) =>
      char.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof claims === "object" && claims !== null
      ? Object.entries(claims).find(([claim]) => claim === name)?.[1]
      : undefined;
  } catch {
    return undefined;
  }
}

const notLogins = (): SyncError =>
  new SyncError({
    code: "cloud-misconfigured",
    message:
      "The logins are no map from a provider's name to its token (both text). Return such a map, or null where the user must sign in.",
  });
