// The one table from what AWS and the way to it answer to what Holdfast says. It goes by an error's name, its HTTP status
// and by what was asked; never by a message.
import { changesIndexName, isSyncError, SyncError, type DatasetName, type SyncErrorCode } from "@holdfast/core";
import { TransportError } from "./request-handler.ts";

/** What was asked. */
export type Asked =
  | { readonly type: "guest-id"; readonly poolId: string }
  | { readonly type: "login-id"; readonly poolId: string; readonly logins: readonly string[] }
  | { readonly type: "guest-credentials"; readonly poolId: string; readonly roleArn: string | undefined }
  | {
      readonly type: "login-credentials";
      readonly poolId: string;
      readonly roleArn: string | undefined;
      readonly logins: readonly string[];
    }
  | ({ readonly type: "index" | "table" | "item" | "commit" } & Table);

interface Table {
  readonly tableName: string;
  readonly region: string;
  /** null: all of the identity's datasets. */
  readonly dataset: DatasetName | null;
}

export interface ErrorContext {
  readonly asked: Asked;
  readonly online: boolean;
}

/** What is thrown at the caller of an AWS client becomes a SyncError; one that is one already is returned as it is. */
export function awsErrorToSyncError(error: unknown, context: ErrorContext): SyncError {
  if (isSyncError(error)) return error;
  const { code, message } = translate(error, context);
  const { asked } = context;
  const dataset = "dataset" in asked && asked.dataset !== null ? { dataset: asked.dataset } : {};
  return new SyncError({ code, message, ...dataset }, { cause: error });
}

/** The temporary credentials are no longer accepted; other ones may be. */
export const isCredentialsRefused = (error: unknown): boolean => credentialsNames.has(errorName(error));

/** The signature is not accepted, perhaps because of the device's clock. */
export const isSignatureRefused = (error: unknown): boolean => signatureNames.has(errorName(error));

/** The name that AWS gives an error; "" where it has none. */
export const errorName = (error: unknown): string => (error instanceof Error ? error.name : "");

/** undefined: there was no answer. */
export function httpStatus(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("$metadata" in error)) return undefined;
  const metadata: unknown = error.$metadata;
  if (typeof metadata !== "object" || metadata === null || !("httpStatusCode" in metadata)) return undefined;
  return typeof metadata.httpStatusCode === "number" ? metadata.httpStatusCode : undefined;
}

const credentialsNames: ReadonlySet<string> = new Set([
  "ExpiredTokenException",
  "ExpiredToken",
  "UnrecognizedClientException",
  "InvalidClientTokenId",
]);

const signatureNames: ReadonlySet<string> = new Set([
  "InvalidSignatureException",
  "SignatureDoesNotMatch",
  "RequestExpired",
  "RequestTimeTooSkewed",
  "RequestInTheFuture",
]);

const throttledNames: ReadonlySet<string> = new Set([
  "ThrottlingException",
  "Throttling",
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "TooManyRequestsException",
  "LimitExceededException",
  "TransactionConflictException",
  "ReplicatedWriteConflictException",
]);

const deniedNames: ReadonlySet<string> = new Set(["AccessDeniedException", "AccessDenied", "ForbiddenException"]);

interface Said {
  readonly code: SyncErrorCode;
  readonly message: string;
}

const say = (code: SyncErrorCode, message: string): Said => ({ code, message });

function translate(error: unknown, { asked, online }: ErrorContext): Said {
  if (error instanceof TransportError) return transportFailure(error, online);
  const name = errorName(error);
  const status = httpStatus(error);
  if (throttledNames.has(name) || status === 429) {
    return say("throttled", `AWS is asked more often than it allows (${name}). It is tried again by itself.`);
  }
  if (status !== undefined && (status >= 500 || status < 300 || status === 408)) {
    return say("cloud-unavailable", `AWS could not answer (${name}, HTTP ${status}). It is tried again by itself.`);
  }
  if (name === "ExternalServiceException") {
    return say("cloud-unavailable", "Cognito could not reach the login's provider. It is tried again by itself.");
  }
  if (name === "TransactionInProgressException") {
    return say("cloud-unavailable", "The same commit is still under way in DynamoDB. It is sent again by itself.");
  }
  if (deniedNames.has(name)) return say("access-denied", deniedText(error, asked));
  return isTable(asked) ? tableRefusal(name, status, asked) : poolRefusal(name, status, asked);
}

const isTable = (asked: Asked): asked is Extract<Asked, Table> => "tableName" in asked;

function transportFailure(error: TransportError, online: boolean): Said {
  if (!online) return say("offline", "This device is offline. Everything is kept and goes up when it is back.");
  if (error.timedOut)
    return say("cloud-unavailable", `${error.host} did not answer in time. It is tried again by itself.`);
  return say(
    "cloud-unavailable",
    `${error.host} could not be reached. It is tried again by itself. If it never works: check the region or endpoint, and that the page's Content-Security-Policy (connect-src) allows it.`,
  );
}

function tableRefusal(name: string, status: number | undefined, asked: Extract<Asked, Table>): Said {
  const { tableName, region } = asked;
  if (credentialsNames.has(name)) {
    return name.startsWith("Expired")
      ? say(
          "credentials-expired",
          "AWS says that the temporary credentials have expired, also after they were renewed. It is tried again by itself; check this device's clock.",
        )
      : say(
          "cloud-misconfigured",
          `DynamoDB in ${region} does not know the credentials that the identity pool gave out (${name}). Check that the region is enabled in the account, and the endpoints.`,
        );
  }
  if (signatureNames.has(name)) {
    return say(
      "cloud-misconfigured",
      `DynamoDB refuses the request's signature (${name}), also with its own time. Check that the option region is the region of the table, this device's clock, and that an endpoint of your own exposes the Date header (CORS) and changes no request.`,
    );
  }
  switch (name) {
    case "ResourceNotFoundException":
      return say(
        "cloud-misconfigured",
        `The table "${tableName}" was not found in ${region}. Check tableName and region, or create the table (@holdfast/infra has a template).`,
      );
    case "ValidationException":
      return say(...validationRefusal(asked));
    case "ItemCollectionSizeLimitExceededException":
      return say("storage-full", collectionFullText);
    case "IdempotentParameterMismatchException":
      return say("internal", "DynamoDB knows this commit with other content. Nothing was applied. Please report it.");
    default:
      return say(
        "internal",
        `DynamoDB answered with something that Holdfast does not know (${name}, HTTP ${status ?? "none"}). Please report it.`,
      );
  }
}

export const collectionFullText =
  "The cloud is full: DynamoDB holds 10 GB of table and index for one identity, about 5 GB of values. Everything stays on this device; delete records or whole datasets to make room.";

function validationRefusal(asked: Extract<Asked, Table>): [SyncErrorCode, string] {
  const { tableName, region } = asked;
  switch (asked.type) {
    case "index":
      return [
        "cloud-misconfigured",
        `The table "${tableName}" in ${region} has no local secondary index "${changesIndexName}" (identity, change; projection ALL), or other keys. A local index can't be added later: create the table anew (@holdfast/infra has a template).`,
      ];
    case "table":
    case "item":
      return [
        "cloud-misconfigured",
        `The table "${tableName}" in ${region} has other keys than Holdfast's (identity and path, both text). Create it from the template in @holdfast/infra.`,
      ];
    case "commit":
      return ["invalid-value", `DynamoDB refuses a commit to "${tableName}" as invalid.`];
  }
}

/** The IAM action and resource, as far as what was asked tells them. */
function deniedText(error: unknown, asked: Asked): string {
  switch (asked.type) {
    case "index":
      return deniedActionText("dynamodb:Query", `table/${asked.tableName}/index/${changesIndexName}`);
    case "table":
      return deniedActionText("dynamodb:Query", `table/${asked.tableName}`);
    case "item":
      return deniedActionText("dynamodb:GetItem", `table/${asked.tableName}`);
    case "commit": {
      // Only named, never decided by: AWS tells the action nowhere else.
      const named = error instanceof Error ? /dynamodb:[A-Za-z]+/.exec(error.message)?.[0] : undefined;
      return deniedActionText(
        named ?? "dynamodb:PutItem or dynamodb:UpdateItem",
        `table/${asked.tableName} (inside TransactWriteItems)`,
      );
    }
    default:
      return `The identity pool ${asked.poolId} refuses this app. Check the pool's settings and what stands before it (AWS WAF).`;
  }
}

const deniedActionText = (action: string, resource: string): string =>
  `The identity's IAM role does not allow ${action} on ${resource} for its own identity id. Allow it in the role that the identity pool gives out (@holdfast/infra has a template).`;

function poolRefusal(name: string, status: number | undefined, asked: Exclude<Asked, Table>): Said {
  switch (name) {
    case "NotAuthorizedException":
      return say(...notAuthorized(asked));
    case "ResourceNotFoundException":
      return asked.type === "guest-id" || asked.type === "login-id"
        ? say("cloud-misconfigured", `The identity pool ${asked.poolId} was not found. Check identityPoolId.`)
        : say("not-signed-in", `The identity is no longer in the identity pool ${asked.poolId}. Sign in again.`);
    case "ResourceConflictException":
      return say("not-signed-in", "These logins belong to different identities. Sign in with one of them.");
    case "InvalidIdentityPoolConfigurationException":
      return say(
        "cloud-misconfigured",
        `The identity pool ${asked.poolId} has no role for this identity, or the role does not trust the pool. Set its roles (@holdfast/infra has a template).`,
      );
    case "InvalidParameterException":
    case "ValidationException":
      return say(
        "cloud-misconfigured",
        `The identity pool ${asked.poolId} refuses the request as invalid${roleHint(asked)}${loginsHint(asked)}. Check identityPoolId, the keys of the logins and roleArn.`,
      );
    default:
      return say(
        "internal",
        `Cognito answered with something that Holdfast does not know (${name}, HTTP ${status ?? "none"}). Please report it.`,
      );
  }
}

function notAuthorized(asked: Exclude<Asked, Table>): [SyncErrorCode, string] {
  switch (asked.type) {
    case "guest-id":
      return [
        "cloud-misconfigured",
        `The identity pool ${asked.poolId} does not allow guests. Allow unauthenticated identities there, or create the cloud with guests: false.`,
      ];
    case "guest-credentials":
      return [
        "not-signed-in",
        "This guest identity gets no more credentials: it was signed in elsewhere, or the identity pool no longer allows guests. Sign in.",
      ];
    case "login-id":
    case "login-credentials":
      return [
        "not-signed-in",
        `Cognito does not accept the login${loginsHint(asked)}${roleHint(asked)}: the token has expired, belongs to another identity, or its provider is not set up in the identity pool ${asked.poolId}. Sign in again.`,
      ];
  }
}

const loginsHint = (asked: Exclude<Asked, Table>): string => ("logins" in asked ? ` (${asked.logins.join(", ")})` : "");
const roleHint = (asked: Exclude<Asked, Table>): string =>
  "roleArn" in asked && asked.roleArn !== undefined ? ` with the role ${asked.roleArn}` : "";
