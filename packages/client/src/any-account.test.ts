// What must hold on every DynamoDB: the emulator's by default, a real account's where HOLDFAST_ACCOUNT names one
// (docs/aws.md). It leaves its rows behind under the login's identity, in datasets with random names.
import { DynamoDBClient, GetItemCommand, ScanCommand } from "@aws-sdk/client-dynamodb";
import { startTokenIssuer } from "@holdfast/emulator";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestEmulator } from "../test/test-emulator.ts";
import { cognitoDynamo } from "./aws/index.ts";
import { createSyncClient, type SyncClient } from "./index.ts";

interface Account {
  readonly region: string;
  readonly identityPoolId: string;
  readonly tableName: string;
  /** Keys as in the logins map, values tokens that live as long as the test. */
  readonly logins: Readonly<Record<string, string>>;
  readonly endpoints?: { readonly cognitoIdentity: string; readonly dynamodb: string };
  readonly close: () => Promise<void>;
}

let account: Account;
const clients: SyncClient[] = [];
const dataset = `any-account-${crypto.randomUUID()}`;

beforeAll(async () => {
  account = process.env["HOLDFAST_ACCOUNT"] ? JSON.parse(process.env["HOLDFAST_ACCOUNT"]) : await emulated();
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await account.close?.();
});

async function emulated(): Promise<Account> {
  const issuer = await startTokenIssuer();
  const providers = { [issuer.loginsKey]: { issuer: issuer.issuer, audience: issuer.audience } };
  const emulator = await startTestEmulator({ pool: { providers } });
  const { region, identityPoolId, tableName, endpoints } = emulator;
  const logins = { [issuer.loginsKey]: (await issuer.tokenFor("ada")).token };
  const close = async () => {
    await emulator.close();
    await issuer.close();
  };
  return { region, identityPoolId, tableName, endpoints, logins, close };
}

function device(name: string, logins: Account["logins"] | null = account.logins): SyncClient {
  const { region, identityPoolId, tableName, endpoints } = account;
  const cloud = cognitoDynamo({
    ...{ region, identityPoolId, tableName, logins: async () => logins },
    ...(endpoints ? { endpoints } : {}),
  });
  const client: SyncClient = createSyncClient({ cloud, databaseName: `${dataset}-${name}`, autoSync: false });
  clients.push(client);
  return client;
}

describe("an account", { timeout: 120_000 }, () => {
  it("takes 300 records of every kind of value and gives them back as they were", async () => {
    const [a, b] = [device("a"), device("b")];
    const values = [null, true, 0, -0.1, 1e300, "", "é中😀", [], {}, [1, [2, { "": "x", "a/b~c": null }]]];
    await a
      .dataset(dataset)
      .bulkPut(
        Array.from({ length: 300 }, (_, index) => [`k${index}`, values[index % values.length] ?? null] as const),
      );
    expect(await a.dataset(dataset).synchronize()).toMatchObject({ outcome: "synced", pushed: 300, requests: 5 });
    expect(await b.dataset(dataset).synchronize()).toMatchObject({ verified: true, pulled: 300 });
    expect(await b.dataset(dataset).getAll()).toEqual(await a.dataset(dataset).getAll());
    expect(await b.dataset(dataset).verify()).toMatchObject({ equal: true });
  });

  it("answers a poll without news with one read unit, and shows a commit whole once it was answered", async () => {
    const [a, b] = [device("a"), device("b")];
    await a.dataset(dataset).synchronize();
    expect(await a.dataset(dataset).synchronize()).toMatchObject({ requests: 1, readUnits: 1 });
    for (let round = 0; round < 10; round += 1) {
      await a
        .dataset(dataset)
        .bulkPut(Array.from({ length: 99 }, (_, index) => [`k${index}`, `round ${round}`] as const));
      await a.dataset(dataset).synchronize();
      // More than one request of the reader would mean that it saw half of the commit.
      expect(await b.dataset(dataset).synchronize()).toMatchObject({ verified: true, pulled: 99, requests: 1 });
    }
  });

  it("lets nobody read another identity's rows, and nobody scan", async () => {
    const { identityId } = await device("a").credentials();
    const { accessKeyId, secretAccessKey, sessionToken } = await device("guest", null).credentials();
    const { region, tableName, endpoints } = account;
    const db = new DynamoDBClient({
      ...{ region, credentials: { accessKeyId, secretAccessKey, sessionToken } },
      ...(endpoints ? { endpoint: endpoints.dynamodb } : {}),
    });
    const Key = { identity: { S: identityId }, path: { S: `head/${dataset}` } };
    await expect(db.send(new GetItemCommand({ TableName: tableName, Key }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
    await expect(db.send(new ScanCommand({ TableName: tableName }))).rejects.toMatchObject({
      name: "AccessDeniedException",
    });
  });

  it("keeps the largest value, and refuses what is larger before it is sent", async () => {
    const a = device("a");
    await a.dataset(dataset).put("large", "x".repeat(195 * 1024));
    expect(await a.dataset(dataset).synchronize()).toMatchObject({ outcome: "synced", pushed: 1 });
    await expect(a.dataset(dataset).put("larger", "x".repeat(195 * 1024 + 1))).rejects.toMatchObject({
      code: "value-too-large",
    });
  });
});
