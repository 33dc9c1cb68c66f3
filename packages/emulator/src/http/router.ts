// One URL for all services: the target header says which is meant. Faults strike here, before and after the service.
import { setTimeout as sleep } from "node:timers/promises";
import type { IdentityPool } from "../cognito/identity-pool.ts";
import { internalServerError, type DynamoGateway } from "../dynamodb/gateway.ts";
import type { FaultInjector, FaultType } from "../faults.ts";
import { parseJson } from "../json.ts";
import type { TrafficCounter } from "../traffic.ts";
import { AwsError, errorAnswer, jsonAnswer, type Answer, type JsonProtocol } from "./answer.ts";
import type { ServiceRequest } from "./service-request.ts";

export interface RouterOptions {
  readonly pool: IdentityPool;
  readonly gateway: DynamoGateway;
  readonly faults: FaultInjector;
  readonly traffic: TrafficCounter;
}

interface Target {
  readonly service: "cognito" | "dynamodb";
  readonly action: string;
  readonly protocol: JsonProtocol;
}

/** null: the connection is to break without an answer. */
export async function route(
  request: ServiceRequest,
  options: RouterOptions,
  signal: AbortSignal,
): Promise<Answer | null> {
  const target = parseTarget(request.headers["x-amz-target"]);
  if (target === null) return withoutTarget(request);
  const { pool, gateway, faults, traffic } = options;
  const { service, action, protocol } = target;
  traffic.count(service, action);
  const { latencyMs, fault } = faults.next(action);
  try {
    if (latencyMs > 0) await sleep(latencyMs, undefined, { signal });
    if (fault === "lostRequests") return null;
    throwFault(fault, service);
    const answer =
      service === "dynamodb"
        ? await gateway.answer(action, request)
        : cognitoAnswer(await pool.answer(action, parseJson(request.body.toString())));
    return fault === "lostAnswers" ? null : answer;
  } catch (error) {
    // Closing breaks what still waits.
    if (signal.aborted || (fault === "lostAnswers" && error instanceof AwsError)) return null;
    if (error instanceof AwsError) return errorAnswer(protocol, error);
    throw error;
  }
}

function parseTarget(header: string | undefined): Target | null {
  const [prefix, action] = (header ?? "").split(".", 2);
  if (!action) return null;
  switch (prefix) {
    case "AWSCognitoIdentityService":
      return { service: "cognito", action, protocol: "1.1" };
    case "DynamoDB_20120810":
      return { service: "dynamodb", action, protocol: "1.0" };
    default:
      return null;
  }
}

const cognitoAnswer = (body: object | null): Answer => {
  const answer = jsonAnswer("1.1", 200, body ?? {});
  return body === null ? { ...answer, body: "" } : answer;
};

function withoutTarget({ method, headers }: ServiceRequest): Answer {
  if (method === "GET") return { status: 200, headers: { "content-type": "text/plain" }, body: "holdfast-emulator" };
  if (headers["content-type"]?.startsWith("application/x-www-form-urlencoded")) {
    return {
      status: 400,
      headers: { "content-type": "text/xml" },
      body:
        "<ErrorResponse><Error><Type>Sender</Type><Code>NotImplemented</Code><Message>The emulator has no STS: " +
        "use the enhanced flow (GetCredentialsForIdentity).</Message></Error></ErrorResponse>",
    };
  }
  return errorAnswer("1.0", new AwsError("com.amazon.coral.service#UnknownOperationException", ""));
}

function throwFault(fault: FaultType | null, service: Target["service"]): void {
  const isDynamo = service === "dynamodb";
  if (fault === "throttled") {
    throw isDynamo
      ? new AwsError(
          "com.amazon.coral.availability#ThrottlingException",
          "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling your " +
            "table or index so please try again shortly.",
        )
      : new AwsError("TooManyRequestsException", "Rate exceeded");
  }
  if (fault === "serverErrors") {
    throw new AwsError(isDynamo ? internalServerError : "InternalErrorException", "Internal server error", {
      status: 500,
    });
  }
}
