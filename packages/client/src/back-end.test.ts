// A back end with nothing but DynamoDB's own client and core, by the example of docs/back-ends.md, beside devices.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { DynamoDBClient, PutItemCommand, QueryCommand } from "@aws-sdk/client-dynamodb";
import type { BackEndDataset, JsonValue } from "@holdfast/core";
import { startTokenIssuer, type Emulator, type TokenIssuer } from "@holdfast/emulator";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTestEmulator } from "../test/test-emulator.ts";
import { cognitoDynamo } from "./aws/index.ts";
import { createSyncClient, type SyncClient } from "./index.ts";

type Update = (
  dynamodb: DynamoDBClient,
  of: BackEndDataset,
  key: string,
  change: (value: JsonValue | undefined) => unknown,
) => Promise<void>;
type Note = Record<string, JsonValue>;

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const clients: SyncClient[] = [];
let issuer: TokenIssuer;
let emulator: Emulator;
let dynamodb: DynamoDBClient;
let folder: string;
let update: Update;
let devices = 0;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  const providers = { [issuer.loginsKey]: { issuer: issuer.issuer, audience: issuer.audience } };
  emulator = await startTestEmulator({ pool: { providers } });
  // Its own role, past the identity pool: what stands behind the emulator's check.
  const credentials = { accessKeyId: "backend", secretAccessKey: "backend" };
  dynamodb = new DynamoDBClient({ region: emulator.region, endpoint: emulator.engineEndpoint, credentials });
  folder = await mkdtemp(source("../back-end-example-"));
  const text = await readFile(source("../../../docs/back-ends.md"), "utf8");
  const outfile = `${folder}/example.mjs`;
  await build({
    stdin: { contents: /```ts\n(.*?)```/s.exec(text)?.[1] ?? "", loader: "ts", resolveDir: source(".") },
    ...{ bundle: true, format: "esm", platform: "node", outfile, logLevel: "error", external: ["@aws-sdk/*"] },
    alias: { "@holdfast/core": source("../../core/src/index.ts") },
  });
  ({ update } = await import(/* @vite-ignore */ pathToFileURL(outfile).href));
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  dynamodb.destroy();
  await emulator.close();
  await issuer.close();
  await rm(folder, { recursive: true });
});

async function device(user: string): Promise<SyncClient> {
  const { region, identityPoolId, tableName, endpoints } = emulator;
  const logins = { [issuer.loginsKey]: (await issuer.tokenFor(user)).token };
  const cloud = cognitoDynamo({ region, identityPoolId, tableName, endpoints, logins: async () => logins });
  const client: SyncClient = createSyncClient({ cloud, databaseName: `back-end-${(devices += 1)}`, autoSync: false });
  clients.push(client);
  await client.signIn(logins);
  return client;
}

const of = (client: SyncClient, dataset: string): BackEndDataset => ({
  ...{ tableName: emulator.tableName, dataset },
  identityId: client.identity.getSnapshot().identityId ?? "",
});

const notesOf = (client: SyncClient, dataset: string) => client.dataset<Note>(dataset);
const valuesIn = async (client: SyncClient, dataset: string) =>
  Object.fromEntries(await notesOf(client, dataset).getAll());
const isNote = (value: JsonValue | undefined): value is Note => typeof value === "object" && value !== null;
const adding = (field: string) => (value: JsonValue | undefined) => ({ ...(isNote(value) ? value : {}), [field]: 1 });

describe("S-20: a back end", { timeout: 60_000 }, () => {
  it("S-20: writes, edits and removes beside devices, which verify it all", async () => {
    const [a, b] = [await device("ann"), await device("ann")];
    await notesOf(a, "notes").bulkPut([
      ["k1", { a: 1 }],
      ["k2", { a: 1 }],
    ]);
    await a.synchronize();
    await update(dynamodb, of(a, "notes"), "k1", adding("server"));
    await update(dynamodb, of(a, "notes"), "k2", () => undefined);
    await update(dynamodb, of(a, "notes"), "k3", adding("server"));
    await update(dynamodb, of(a, "notes"), "k3", (value) => value);
    // Pending meanwhile, and merged with what the back end wrote.
    await notesOf(a, "notes").update("k1", (note) => void (note["b"] = 2));
    for (const client of [a, b, a]) await notesOf(client, "notes").synchronize();
    for (const client of [a, b]) {
      expect(await valuesIn(client, "notes")).toEqual({ k1: { a: 1, b: 2, server: 1 }, k3: { server: 1 } });
      expect(await notesOf(client, "notes").verify()).toEqual({ equal: true, differing: [], repaired: 0 });
      expect(await client.conflicts()).toEqual([]);
    }
  });

  it("S-20: is the first to write, and writes anew what was deleted", async () => {
    const a = await device("bea");
    await notesOf(a, "other").put("x", {});
    await a.synchronize();
    await update(dynamodb, of(a, "notes"), "k1", adding("server"));
    await notesOf(a, "notes").synchronize();
    expect(await valuesIn(a, "notes")).toEqual({ k1: { server: 1 } });
    await notesOf(a, "notes").deleteEverywhere();
    await update(dynamodb, of(a, "notes"), "k1", (value) => ({ seen: value ?? "nothing" }));
    await notesOf(a, "notes").synchronize();
    expect(await valuesIn(a, "notes")).toEqual({ k1: { seen: "nothing" } });
    expect(await notesOf(a, "notes").verify()).toMatchObject({ equal: true });
  });

  it("S-20: loses nothing where all write at once, and counts once where an answer is lost", async () => {
    const [a, b] = [await device("cleo"), await device("cleo")];
    await notesOf(a, "notes").put("k", { n: 0 });
    await a.synchronize();
    const lossy = losingEveryThirdAnswer();
    const fields = Array.from({ length: 8 }, (_, index) => index);
    const count = (value: JsonValue | undefined) => ({
      ...(isNote(value) ? value : {}),
      n: (isNote(value) ? Number(value["n"]) : 0) + 1,
    });
    await Promise.all([
      (async () => {
        for (const _ of fields) await update(lossy, of(a, "notes"), "k", count);
      })(),
      ...[a, b].map(async (client, which) => {
        for (const field of fields) {
          await notesOf(client, "notes").update("k", (note) => void (note[`${which}-${field}`] = 1), { initial: {} });
          await notesOf(client, "notes").synchronize();
        }
      }),
    ]);
    for (const client of [a, b, a]) await notesOf(client, "notes").synchronize();
    const expected = Object.fromEntries([0, 1].flatMap((which) => fields.map((field) => [`${which}-${field}`, 1])));
    for (const client of [a, b]) {
      expect(await valuesIn(client, "notes")).toEqual({ k: { ...expected, n: fields.length } });
      expect(await notesOf(client, "notes").verify()).toMatchObject({ equal: true });
    }
  });

  it("S-20: a write past the rules is found by verify(), values too", async () => {
    const a = await device("dora");
    await notesOf(a, "notes").put("k1", { a: 1 });
    await a.synchronize();
    const { identityId } = of(a, "notes");
    const { Items: [item] = [] } = await dynamodb.send(
      new QueryCommand({
        ...{ TableName: emulator.tableName, KeyConditionExpression: "#i = :i AND #p = :p" },
        ExpressionAttributeNames: { "#i": "identity", "#p": "path" },
        ExpressionAttributeValues: { ":i": { S: identityId }, ":p": { S: "record/notes/k1" } },
      }),
    );
    const value = { M: { a: { N: "7" } } };
    await dynamodb.send(new PutItemCommand({ TableName: emulator.tableName, Item: { ...item, value } }));
    await notesOf(a, "notes").synchronize();
    expect(await valuesIn(a, "notes")).toEqual({ k1: { a: 1 } });
    expect(await notesOf(a, "notes").verify()).toEqual({ equal: false, differing: ["k1"], repaired: 1 });
    expect(await valuesIn(a, "notes")).toEqual({ k1: { a: 7 } });
  });
});

/** The transaction is applied, and the connection breaks before its answer. */
function losingEveryThirdAnswer(): DynamoDBClient {
  const { region, engineEndpoint: endpoint } = emulator;
  const client = new DynamoDBClient({ region, endpoint, credentials: { accessKeyId: "b", secretAccessKey: "b" } });
  let commits = 0;
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const result = await next(args);
      if (context.commandName !== "TransactWriteItemsCommand") return result;
      commits += 1;
      if (commits % 3 === 0) throw new Error("The connection broke.");
      return result;
    },
    { step: "initialize" },
  );
  return client;
}
