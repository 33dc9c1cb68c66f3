// AWS's own clients against an emulator, and the requests that the tests share.
import {
  CognitoIdentityClient,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
} from "@aws-sdk/client-cognito-identity";
import {
  DynamoDBClient,
  QueryCommand,
  TransactWriteItemsCommand,
  type AttributeValue,
  type TransactWriteItem,
} from "@aws-sdk/client-dynamodb";
import type { Emulator } from "../src/index.ts";

export interface Keys {
  readonly identityId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

export type Logins = Record<string, string>;

export const cognitoOf = ({ url, region }: Emulator): CognitoIdentityClient =>
  new CognitoIdentityClient({
    endpoint: url,
    region,
    maxAttempts: 1,
    credentials: { accessKeyId: "a", secretAccessKey: "b" },
  });

export async function idOf(emulator: Emulator, logins: Logins = {}): Promise<string> {
  const { IdentityId } = await cognitoOf(emulator).send(
    new GetIdCommand({ IdentityPoolId: emulator.identityPoolId, Logins: logins }),
  );
  return IdentityId ?? "";
}

export async function keysOf(emulator: Emulator, identityId: string, logins: Logins = {}): Promise<Keys> {
  const { IdentityId, Credentials } = await cognitoOf(emulator).send(
    new GetCredentialsForIdentityCommand({ IdentityId: identityId, Logins: logins }),
  );
  return {
    identityId: IdentityId ?? "",
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
    expiration: Credentials?.Expiration ?? new Date(0),
  };
}

export const guestOf = async (emulator: Emulator): Promise<Keys> => keysOf(emulator, await idOf(emulator));

export interface ClientOptions {
  readonly region?: string;
  readonly now?: () => number;
}

/** Signs by the given clock, and never repeats. */
export function dynamoOf(emulator: Emulator, credentials: Keys, options: ClientOptions = {}): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint: emulator.url,
    region: options.region ?? emulator.region,
    maxAttempts: 1,
    credentials,
    disableClockSkewCorrection: true,
  });
  const { now } = options;
  if (now !== undefined) {
    const { signer } = client.config;
    client.config.signer = async (scheme) => {
      const found = await signer(scheme);
      return { sign: (request, given) => found.sign(request, { ...given, signingDate: new Date(now()) }) };
    };
  }
  return client;
}

export type Item = Record<string, AttributeValue>;

export const itemOf = (identityId: string, name: string, more: Item = {}): Item => ({
  identity: { S: identityId },
  path: { S: `record/notes/${name}` },
  change: { S: `notes/${name}` },
  ...more,
});

export const keyOf = (identityId: string, name: string): Item => {
  const { identity, path } = itemOf(identityId, name);
  return { ...(identity && { identity }), ...(path && { path }) };
};

export const transactionOf = (...items: TransactWriteItem[]): TransactWriteItemsCommand =>
  new TransactWriteItemsCommand({ TransactItems: items, ReturnConsumedCapacity: "TOTAL" });

export const putOf = (item: Item): TransactWriteItem => ({ Put: { TableName: "holdfast", Item: item } });

export const changesOf = (identityId: string): QueryCommand =>
  new QueryCommand({
    TableName: "holdfast",
    IndexName: "changes",
    ConsistentRead: true,
    ReturnConsumedCapacity: "TOTAL",
    KeyConditionExpression: "#i = :i AND #c BETWEEN :from AND :to",
    ExpressionAttributeNames: { "#i": "identity", "#c": "change" },
    ExpressionAttributeValues: { ":i": { S: identityId }, ":from": { S: "notes/" }, ":to": { S: "notes/~" } },
  });

/** The error that a promise rejects with, as far as the tests look at it. */
export async function refusalOf(promise: Promise<unknown>): Promise<{ name: string; message: string; status: number }> {
  try {
    await promise;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const metadata = "$metadata" in error ? error.$metadata : undefined;
    const status =
      typeof metadata === "object" && metadata && "httpStatusCode" in metadata ? metadata.httpStatusCode : 0;
    return { name: error.name, message: error.message, status: Number(status ?? 0) };
  }
  throw new Error("it was not refused");
}
