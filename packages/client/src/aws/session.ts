// The cloud's side that talks: identities and credentials from the identity pool, records from the table. Loaded when a
// sync first needs it, with all of AWS behind it.
import type { AwsCredentials } from "../api.ts";
import type { CloudSession, SignedIn, Who } from "../cloud.ts";
import type { RemoteStore } from "../remote-store.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import { CloudClock } from "./cloud-clock.ts";
import type { CloudConfiguration } from "./cognito-dynamo.ts";
import { DynamoRemoteStore } from "./dynamo-remote-store.ts";
import { DynamoRequests } from "./dynamo-requests.ts";
import { IdentityBroker } from "./identity-broker.ts";
import { IdentityPool } from "./identity-pool.ts";

export function openSession(
  configuration: CloudConfiguration,
  runtime: RuntimeImplementation,
  remembered: { readonly clockOffsetMs: number },
): CloudSession {
  return new CognitoSession(configuration, runtime, remembered.clockOffsetMs);
}

class CognitoSession implements CloudSession {
  readonly #configuration: CloudConfiguration;
  readonly #runtime: RuntimeImplementation;
  readonly #clock: CloudClock;
  readonly #pool: IdentityPool;
  #broker: IdentityBroker;

  constructor(configuration: CloudConfiguration, runtime: RuntimeImplementation, clockOffset: number) {
    this.#configuration = configuration;
    this.#runtime = runtime;
    const clock = new CloudClock(runtime, clockOffset);
    this.#clock = clock;
    const { identityPoolId: poolId, roleArn, endpoints } = configuration;
    this.#pool = new IdentityPool({ poolId, roleArn, endpoint: endpoints.cognitoIdentity, runtime, clock });
    this.#broker = this.#newBroker();
  }

  identify(who: Who, signal: AbortSignal): Promise<SignedIn | null> {
    return this.#broker.identify(who, signal);
  }

  credentials(identity: SignedIn, signal: AbortSignal): Promise<AwsCredentials> {
    return this.#broker.credentials(identity, signal);
  }

  forget(): void {
    this.#broker = this.#newBroker();
  }

  remoteStore(identity: SignedIn): RemoteStore {
    const { region, tableName, endpoints } = this.#configuration;
    const source = {
      credentials: (of: SignedIn, signal: AbortSignal) => this.#broker.credentials(of, signal),
      drop: (credentials: AwsCredentials) => this.#broker.drop(credentials),
    };
    const clock = this.#clock;
    const runtime = this.#runtime;
    const requests = new DynamoRequests({ region, endpoint: endpoints.dynamodb, identity, source, runtime, clock });
    return new DynamoRemoteStore({
      tableName,
      region,
      identity: identity.identityId,
      requests,
      online: () => runtime.online(),
    });
  }

  clockOffset(): number {
    return this.#clock.offset;
  }

  #newBroker(): IdentityBroker {
    return new IdentityBroker({
      configuration: this.#configuration,
      pool: this.#pool,
      runtime: this.#runtime,
      clock: this.#clock,
    });
  }
}
