// How an identity pool is set up.
import { accountId } from "../account.ts";
import type { Provider } from "./login-verifier.ts";

export interface PoolOptions {
  /** Whether identities without a login get credentials. Default true. */
  readonly guests?: boolean;
  /** Whether GetOpenIdToken is allowed. Default false. */
  readonly classicFlow?: boolean;
  /** OIDC providers by their key in a logins map: the issuer without its scheme. */
  readonly providers?: Readonly<Record<string, Provider>>;
  /** ARNs. All of them carry the same policy; `custom` are those that CustomRoleArn may name. */
  readonly roles?: {
    readonly authenticated?: string;
    readonly unauthenticated?: string;
    readonly custom?: readonly string[];
  };
}

export interface PoolSettings {
  readonly guests: boolean;
  readonly classicFlow: boolean;
  readonly providers: Readonly<Record<string, Provider>>;
  readonly roles: {
    readonly authenticated: string;
    readonly unauthenticated: string;
    readonly custom: readonly string[];
  };
}

export function poolSettings({ guests, classicFlow, providers, roles }: PoolOptions): PoolSettings {
  return {
    guests: guests ?? true,
    classicFlow: classicFlow ?? false,
    providers: providers ?? {},
    roles: {
      authenticated: `arn:aws:iam::${accountId}:role/holdfast-authenticated`,
      unauthenticated: `arn:aws:iam::${accountId}:role/holdfast-guest`,
      custom: [],
      ...roles,
    },
  };
}
