// The two public operations of a Cognito identity pool. They are signed by nobody, so they work with any device clock, and
// their answers are what first tells the cloud's time.
import {
  CognitoIdentityClient,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
} from "@aws-sdk/client-cognito-identity";
import { isIdentityId, SyncError, type IdentityId } from "@holdfast/core";
import type { AwsCredentials, Logins } from "../api.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import { awsErrorToSyncError, type Asked } from "./aws-error.ts";
import type { CloudClock } from "./cloud-clock.ts";
import { fetchRequestHandler } from "./request-handler.ts";

export interface IdentityPoolOptions {
  readonly poolId: string;
  readonly endpoint: string | undefined;
  readonly roleArn: string | undefined;
  readonly runtime: RuntimeImplementation;
  readonly clock: CloudClock;
}

/** Credentials of the identity that answered, which may be another than the one that was asked for. */
export interface IssuedCredentials extends AwsCredentials {
  readonly identityId: IdentityId;
}

export class IdentityPool {
  readonly #client: CognitoIdentityClient;
  readonly #options: IdentityPoolOptions;

  constructor(options: IdentityPoolOptions) {
    this.#options = options;
    const { poolId, endpoint, runtime, clock } = options;
    this.#client = new CognitoIdentityClient({
      // A pool lives in the region that its id begins with, wherever the table is.
      region: poolId.slice(0, poolId.indexOf(":")),
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: 1,
      requestHandler: fetchRequestHandler(runtime, clock),
    });
  }

  /** GetId. Without logins: a new guest. */
  async identityId(logins: Logins | null, signal: AbortSignal): Promise<IdentityId> {
    const { poolId } = this.#options;
    const asked: Asked = logins
      ? { type: "login-id", poolId, logins: Object.keys(logins) }
      : { type: "guest-id", poolId };
    const command = new GetIdCommand({ IdentityPoolId: poolId, ...loginsOf(logins) });
    const answer = await this.#ask(asked, signal, () => this.#client.send(command, { abortSignal: signal }));
    return identityIdOf(answer.IdentityId);
  }

  /** GetCredentialsForIdentity. Asked for a guest with logins, it links or merges them. */
  async credentials(identityId: IdentityId, logins: Logins | null, signal: AbortSignal): Promise<IssuedCredentials> {
    const { poolId, roleArn } = this.#options;
    const asked: Asked = logins
      ? { type: "login-credentials", poolId, roleArn, logins: Object.keys(logins) }
      : { type: "guest-credentials", poolId, roleArn };
    const command = new GetCredentialsForIdentityCommand({
      IdentityId: identityId,
      ...loginsOf(logins),
      ...(roleArn === undefined ? {} : { CustomRoleArn: roleArn }),
    });
    const answer = await this.#ask(asked, signal, () => this.#client.send(command, { abortSignal: signal }));
    const { AccessKeyId, SecretKey, SessionToken, Expiration } = answer.Credentials ?? {};
    if (!AccessKeyId || !SecretKey || !SessionToken || !Expiration || !Number.isFinite(Expiration.getTime())) {
      throw badAnswer("credentials");
    }
    return {
      identityId: identityIdOf(answer.IdentityId),
      accessKeyId: AccessKeyId,
      secretAccessKey: SecretKey,
      sessionToken: SessionToken,
      expiration: Expiration,
    };
  }

  async #ask<T>(asked: Asked, signal: AbortSignal, send: () => Promise<T>): Promise<T> {
    try {
      return await send();
    } catch (error) {
      signal.throwIfAborted();
      throw awsErrorToSyncError(error, { asked, online: this.#options.runtime.online() });
    }
  }
}

const loginsOf = (logins: Logins | null): { Logins?: Record<string, string> } =>
  logins ? { Logins: { ...logins } } : {};

function identityIdOf(input: unknown): IdentityId {
  if (isIdentityId(input)) return input;
  throw badAnswer("identity id");
}

const badAnswer = (what: string): SyncError =>
  new SyncError({
    code: "cloud-unavailable",
    message: `Cognito answered without a usable ${what}. It is tried again by itself.`,
  });
