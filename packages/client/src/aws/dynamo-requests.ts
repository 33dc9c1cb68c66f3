// Requests to DynamoDB in the name of one identity. A request is repeated here in two cases only, once each, and both say
// that nothing was applied: its credentials were no longer accepted, or its signature's time was wrong. Every other repeat
// is for the loop to decide (S-5).
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { SyncError } from "@holdfast/core";
import type { AwsCredentials } from "../api.ts";
import type { SignedIn } from "../cloud.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import { isCredentialsRefused, isSignatureRefused } from "./aws-error.ts";
import type { CloudClock } from "./cloud-clock.ts";
import { fetchRequestHandler } from "./request-handler.ts";

/** PORT: where the credentials come from. */
interface CredentialsSource {
  credentials(identity: SignedIn, signal: AbortSignal): Promise<AwsCredentials>;
  /** Credentials that the cloud no longer accepts; newer ones stay. */
  drop(credentials: AwsCredentials): void;
}

export interface DynamoRequestsOptions {
  readonly region: string;
  readonly endpoint: string | undefined;
  readonly identity: SignedIn;
  readonly source: CredentialsSource;
  readonly runtime: RuntimeImplementation;
  readonly clock: CloudClock;
}

/** One call: what it may take, and what it took. */
export interface Call {
  readonly signal: AbortSignal;
  requests: number;
}

export type Send<T> = (client: DynamoDBClient, options: { readonly abortSignal: AbortSignal }) => Promise<T>;

export class DynamoRequests {
  readonly #client: DynamoDBClient;
  readonly #options: DynamoRequestsOptions;
  #credentials: AwsCredentials | null = null;

  constructor(options: DynamoRequestsOptions) {
    this.#options = options;
    const { region, endpoint, runtime, clock } = options;
    const client = new DynamoDBClient({
      region,
      ...(endpoint === undefined ? {} : { endpoint }),
      maxAttempts: 1,
      requestHandler: fetchRequestHandler(runtime, clock),
      // Marked as memoized, so that the SDK keeps no copy: it would renew by the device's clock.
      credentials: Object.assign(async () => this.#current(), { memoized: true }),
      disableClockSkewCorrection: true,
    });
    signByClock(client, clock);
    this.#client = client;
  }

  /** Rejects with the signal's reason, a SyncError of the credentials, or the SDK's error. */
  async send<T>(call: Call, send: Send<T>): Promise<T> {
    const { source, identity, clock } = this.#options;
    const repeated = { credentials: false, signature: false };
    for (;;) {
      const credentials = await source.credentials(identity, call.signal);
      if (credentials.identityId !== identity.identityId) throw identityChanged();
      this.#credentials = credentials;
      const offset = clock.offset;
      call.requests += 1;
      try {
        return await send(this.#client, { abortSignal: call.signal });
      } catch (error) {
        // The SDK wraps a reason; whoever aborted gets back his own.
        call.signal.throwIfAborted();
        if (isCredentialsRefused(error) && !repeated.credentials) {
          repeated.credentials = true;
          source.drop(credentials);
        } else if (isSignatureRefused(error) && !repeated.signature && clock.offset !== offset) {
          repeated.signature = true;
        } else {
          throw error;
        }
      }
    }
  }

  #current(): AwsCredentials {
    if (this.#credentials === null) throw new Error("a request is signed before it has credentials");
    return this.#credentials;
  }
}

/** Signs with the cloud's time: the SDK's own correction would take the device's clock, and a second opinion of the cloud's. */
function signByClock(client: DynamoDBClient, clock: CloudClock): void {
  const { signer } = client.config;
  client.config.signer = async (scheme) => {
    const { sign } = await signer(scheme).then((found) => ({ sign: found.sign.bind(found) }));
    return { sign: (request, options) => sign(request, { ...options, signingDate: new Date(clock.now()) }) };
  };
}

const identityChanged = (): SyncError =>
  new SyncError({
    code: "identity-changed",
    message:
      "The logins belong to another identity than the data that is being synchronized. It goes on with that identity's own data.",
  });
