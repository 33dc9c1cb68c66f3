// DynamoDB as a browser's identity meets it: signature, policy and size are checked here, the rest is the engine's.
import { accountId } from "../account.ts";
import type { CloudClock } from "../clock.ts";
import type { IdentityStore, IssuedCredentials } from "../cognito/identity-store.ts";
import { AwsError, type Answer } from "../http/answer.ts";
import type { ServiceRequest } from "../http/service-request.ts";
import { isObject, parseJson } from "../json.ts";
import type { TrafficCounter } from "../traffic.ts";
import { authenticate } from "./authenticate.ts";
import { asksForCapacity, type Engine } from "./engine.ts";
import { findDenial, type Denial } from "./policy.ts";
import { refuseLargeItems } from "./size-limit.ts";

export interface GatewayOptions {
  readonly region: string;
  readonly tableName: string;
  readonly store: IdentityStore;
  readonly clock: CloudClock;
  readonly engine: Engine;
  readonly traffic: TrafficCounter;
}

export class DynamoGateway {
  readonly #options: GatewayOptions;

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  /** Throws an AwsError. */
  async answer(action: string, request: ServiceRequest): Promise<Answer> {
    const { region, tableName, engine, traffic } = this.#options;
    const credentials = authenticate(request, this.#options);
    const input = parseJson(request.body.toString());
    if (!isObject(input)) throw new AwsError("com.amazon.coral.service#SerializationException", "");
    const denial = findDenial(action, input, { identityId: credentials.identityId, region, tableName });
    if (denial !== null) throw accessDenied(credentials, denial);
    if (action === "TransactWriteItems") {
      await refuseLargeItems(input, request.body.length, (table, key) => engine.readItem(table, key));
    }
    const answer = await engine.forward(action, request.body);
    if (asksForCapacity(input)) traffic.countUnits(action, parseJson(answer.body.toString()));
    return answer;
  }
}

export const internalServerError = "com.amazonaws.dynamodb.v20120810#InternalServerError";

function accessDenied({ roleArn }: IssuedCredentials, { action, resource }: Denial): AwsError {
  const role = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  const user = `arn:aws:sts::${accountId}:assumed-role/${role}/CognitoIdentityCredentials`;
  return new AwsError(
    "com.amazon.coral.service#AccessDeniedException",
    `User: ${user} is not authorized to perform: dynamodb:${action} on resource: ${resource} ` +
      `because no identity-based policy allows the dynamodb:${action} action`,
    { messageName: "Message" },
  );
}
