// The main job through the public API on real parts: fake-indexeddb here, and the emulator with a real DynamoDB engine
// behind it there. What needs a browser stands in the demo's end-to-end tests.
import {
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  type AttributeValue,
} from "@aws-sdk/client-dynamodb";
import { startTokenIssuer, type Emulator, type TokenIssuer } from "@holdfast/emulator";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { startTestEmulator } from "../test/test-emulator.ts";
import { cognitoDynamo } from "./aws/index.ts";
import { browserRuntime } from "./browser-runtime.ts";
import { createSyncClient, isSyncError, type Definitions, type SyncClient, type SyncClientOptions } from "./index.ts";

let emulator: Emulator;
let issuer: TokenIssuer;
let devices = 0;
let users = 0;
let user = "";
const clients: SyncClient[] = [];

beforeAll(async () => {
  issuer = await startTokenIssuer();
  emulator = await startTestEmulator({
    pool: { providers: { [issuer.loginsKey]: { issuer: issuer.issuer, audience: issuer.audience } } },
  });
});

afterAll(async () => {
  await emulator.close();
  await issuer.close();
});

beforeEach(() => {
  user = `user-${(users += 1)}`;
  emulator.setFaults({});
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

interface Setting extends Partial<SyncClientOptions<Definitions>> {
  readonly as?: string;
  readonly region?: string;
  readonly tableName?: string;
}

/** A device of `as`, or of this test's user. */
function device({ as = user, region = emulator.region, tableName = emulator.tableName, ...options }: Setting = {}) {
  const { identityPoolId, endpoints } = emulator;
  const client: SyncClient = createSyncClient({
    cloud: cognitoDynamo({
      ...{ region, identityPoolId, tableName, endpoints },
      logins: async () => ({ [issuer.loginsKey]: (await issuer.tokenFor(as)).token }),
    }),
    databaseName: `device-${(devices += 1)}`,
    autoSync: false,
    ...options,
  });
  clients.push(client);
  return client;
}

/** The table without the emulator's checks: what an operator could do. */
function operator(): DynamoDBClient {
  const credentials = { accessKeyId: "operator", secretAccessKey: "operator" };
  return new DynamoDBClient({ endpoint: emulator.engineEndpoint, region: emulator.region, credentials });
}

const commits = (): number => emulator.traffic().requests["TransactWriteItems"] ?? 0;
const requests = (): number => Object.values(emulator.traffic().requests).reduce((sum, count) => sum + count, 0);

describe("two devices of one identity", () => {
  it("one writes, the other has it; the digest proves it", async () => {
    const [a, b] = [device(), device()];
    await a.dataset("notes").put("n", { title: "milk", nested: { deep: [1, 2, { x: null }] } });
    expect(await a.synchronize()).toMatchObject({ outcome: "synced", datasets: [{ verified: true, pushed: 1 }] });
    await b.dataset("notes").get("n");
    expect(await b.synchronize()).toMatchObject({ outcome: "synced", datasets: [{ verified: true, pulled: 1 }] });
    expect(await b.dataset("notes").get("n")).toEqual({ title: "milk", nested: { deep: [1, 2, { x: null }] } });
    expect(b.identity.getSnapshot()).toMatchObject({ kind: "authenticated", logins: [issuer.loginsKey] });
    expect(b.identity.getSnapshot().identityId).toBe(a.identity.getSnapshot().identityId);
  });

  it("a guest is made only when there is something to push, and is told to be unrecoverable", async () => {
    const { region, identityPoolId, tableName, endpoints } = emulator;
    const client: SyncClient = createSyncClient({
      cloud: cognitoDynamo({ region, identityPoolId, tableName, endpoints }),
      databaseName: `device-${(devices += 1)}`,
      autoSync: false,
    });
    clients.push(client);
    const before = emulator.traffic().cognitoRequests["GetId"] ?? 0;
    await client.dataset("notes").get("n");
    await client.synchronize();
    expect(emulator.traffic().cognitoRequests["GetId"] ?? 0).toBe(before);
    await client.dataset("notes").put("n", 1);
    await client.synchronize();
    expect(client.identity.getSnapshot().kind).toBe("guest");
    expect(client.status.getSnapshot()).toMatchObject({ state: "saved", recoverable: false });
  });
});

describe("what must hold", () => {
  it("Another identity's credentials cannot read or write these rows", async () => {
    const [ann, bob] = [device(), device({ as: `${user}-b` })];
    await ann.dataset("notes").put("n", { title: "ann's" });
    await ann.synchronize();
    const annId = ann.identity.getSnapshot().identityId ?? "";
    const { accessKeyId, secretAccessKey, sessionToken } = await bob.credentials();
    const db = new DynamoDBClient({
      endpoint: emulator.endpoints.dynamodb,
      region: emulator.region,
      credentials: { accessKeyId, secretAccessKey, sessionToken },
    });
    const Key = { identity: { S: annId }, path: { S: "record/notes/n" } };
    await expect(db.send(new GetItemCommand({ TableName: emulator.tableName, Key }))).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: expect.stringContaining("is not authorized to perform: dynamodb:GetItem on resource: arn:aws:dynamodb:"),
    });
    await expect(
      db.send(new PutItemCommand({ TableName: emulator.tableName, Item: { ...Key, value: { S: "stolen" } } })),
    ).rejects.toMatchObject({ name: "AccessDeniedException" });
  });

  it("A denied action is reported as access-denied, naming the action", async () => {
    const other = device({ tableName: "another-table" });
    await other.dataset("notes").put("n", 1);
    const report = await other.synchronize();
    expect(report).toMatchObject({ outcome: "blocked", datasets: [{ error: { code: "access-denied" } }] });
    expect(report.datasets[0]?.error?.message).toMatch(/dynamodb:Query/);
    expect(other.problems.getSnapshot()).toMatchObject([{ type: "blocked", error: { code: "access-denied" } }]);
    expect(await other.dataset("notes").get("n")).toBe(1);
  });

  it("Expired credentials are renewed in the middle of a sync, once", async () => {
    const client = device();
    const notes = client.dataset("notes");
    await notes.bulkPut(Array.from({ length: 300 }, (_, index) => [`k${index}`, index] as const));
    let hasExpired = false;
    notes.status.subscribe(() => {
      if (hasExpired || notes.status.getSnapshot().pending > 201) return;
      hasExpired = true;
      emulator.expireCredentials();
    });
    const before = emulator.traffic().cognitoRequests["GetCredentialsForIdentity"] ?? 0;
    expect(await client.synchronize()).toMatchObject({ outcome: "synced", datasets: [{ pushed: 300 }] });
    expect(hasExpired).toBe(true);
    expect((emulator.traffic().cognitoRequests["GetCredentialsForIdentity"] ?? 0) - before).toBe(2);
  });

  it("A device that comes later gets everything; a corrupted local row is found by verify() and repaired", async () => {
    const [a, b] = [device(), device({ databaseName: "to-be-corrupted" })];
    await a.dataset("notes").bulkPut(Array.from({ length: 120 }, (_, index) => [`k${index}`, { index }] as const));
    await a.synchronize();
    const notes = b.dataset("notes");
    expect(await notes.synchronize()).toMatchObject({ verified: true, pulled: 120 });
    expect(await notes.getAll()).toEqual(await a.dataset("notes").getAll());
    await corrupt("to-be-corrupted", "k7", (row) => ({ ...row, v: { index: -1 } }));
    await corrupt("to-be-corrupted", "k8", (row) => ({ ...row, c: "no commit id" }));
    expect(await notes.verify()).toMatchObject({ equal: false, repaired: 2 });
    expect((await notes.verify()).equal).toBe(true);
    await b.close();
    const again = device({ databaseName: "to-be-corrupted" });
    expect(await again.dataset("notes").get("k7")).toEqual({ index: 7 });
    expect(await again.dataset("notes").get("k8")).toEqual({ index: 8 });
  });

  it("Nothing new: one request, one read unit", async () => {
    const client = device();
    await client.dataset("notes").put("n", 1);
    await client.synchronize();
    emulator.resetTraffic();
    expect(await client.synchronize()).toMatchObject({ requests: 1, readUnits: 1, writeUnits: 0 });
    expect(requests()).toBe(1);
  });

  it("10,000 records of 500 bytes: at most 103 requests up, at most 7 down", { timeout: 120_000 }, async () => {
    const [a, b] = [device(), device()];
    const text = "x".repeat(400);
    await a
      .dataset("notes")
      .bulkPut(
        Array.from({ length: 10_000 }, (_, index) => [`key-${index}`, { index, text, tags: ["a", "b"] }] as const),
      );
    await a.credentials();
    emulator.resetTraffic();
    const up = await a.synchronize();
    expect(up).toMatchObject({ outcome: "synced", datasets: [{ pushed: 10_000, verified: true }] });
    expect(requests()).toBe(up.requests);
    expect(up.requests).toBeLessThanOrEqual(103);
    emulator.resetTraffic();
    await b.dataset("notes").get("key-0");
    const down = await b.synchronize();
    expect(down).toMatchObject({ outcome: "synced", datasets: [{ pulled: 10_000, verified: true }] });
    expect(requests()).toBe(down.requests);
    expect(down.requests).toBeLessThanOrEqual(7);
    expect((await b.dataset("notes").getAll()).size).toBe(10_000);
  });

  it("An answer is lost: no conflict, no duplicate, no lost edit", async () => {
    const [a, b] = [device(), device()];
    await a.dataset("notes").put("n", { title: "first" });
    emulator.setFaults({ lostAnswers: { times: 1, action: "TransactWriteItems" } });
    expect(await a.synchronize()).toMatchObject({ outcome: "synced" });
    await b.dataset("notes").synchronize();
    await b.dataset("notes").put("n", { title: "second" });
    await b.synchronize();
    await a.synchronize();
    expect(await a.dataset("notes").get("n")).toEqual({ title: "second" });
    expect([await a.conflicts(), await b.conflicts()]).toEqual([[], []]);
  });

  it("Damaged and unknown items, and one of a newer format, are reported with their key; the rest syncs", async () => {
    const [a, b] = [device(), device()];
    await a.dataset("notes").bulkPut([
      ["new", 1],
      ["damaged", 2],
      ["good", 3],
    ]);
    await a.synchronize();
    await change(a, "new", { format: { N: "99" } });
    await change(a, "damaged", { value: { B: new Uint8Array([1]) } });
    const db = operator();
    const stray = { identity: { S: a.identity.getSnapshot().identityId ?? "" }, path: { S: "something/else" } };
    await db.send(new PutItemCommand({ TableName: emulator.tableName, Item: stray }));
    const notes = b.dataset("notes");
    await notes.get("good");
    expect(await b.synchronize()).toMatchObject({ outcome: "synced", datasets: [{ verified: true }] });
    expect(await notes.get("good")).toBe(3);
    expect(await notes.get("new")).toBeUndefined();
    const unreadable = b.problems.getSnapshot().filter((problem) => problem.type === "unreadable");
    expect(unreadable.flatMap(({ keys }) => keys).toSorted()).toEqual(["damaged", "new"]);
    expect(unreadable.map(({ error }) => error.code)).toContain("format-too-new");
    await expect(notes.put("new", 5)).rejects.toMatchObject({ code: "format-too-new" });
  });

  it("A wrong region says what to do; a clock that is wrong by a day is overcome", async () => {
    const elsewhere = device({ region: "eu-west-1" });
    await elsewhere.dataset("notes").put("n", 1);
    const report = await elsewhere.synchronize();
    expect(report.outcome).toBe("blocked");
    expect(report.datasets[0]?.error).toMatchObject({ code: "cloud-misconfigured" });
    expect(report.datasets[0]?.error?.message).toMatch(/region/i);

    const runtime = { ...browserRuntime(), now: () => Date.now() - 24 * 3_600_000 };
    const late = device({ runtime });
    await late.dataset("notes").put("n", 1);
    expect(await late.synchronize()).toMatchObject({ outcome: "synced" });
    const record = late.dataset("notes").record("n");
    await late.dataset("notes").put("n", 2);
    await vi.waitFor(() => expect(record.getSnapshot().value).toBe(2));
    expect(Math.abs((record.getSnapshot().modifiedAt ?? 0) - Date.now())).toBeLessThan(60_000);
  });

  it("A dataset that is deleted everywhere is gone on all devices and out of the table", async () => {
    const [a, b] = [device(), device()];
    await a.dataset("notes").bulkPut(Array.from({ length: 150 }, (_, index) => [`k${index}`, index] as const));
    await a.synchronize();
    await b.dataset("notes").synchronize();
    await a.dataset("notes").deleteEverywhere();
    expect((await a.dataset("notes").getAll()).size).toBe(0);
    expect(await b.dataset("notes").synchronize()).toMatchObject({ verified: true, conflicts: [] });
    expect((await b.dataset("notes").getAll()).size).toBe(0);
    const { Items = [] } = await operator().send(
      new QueryCommand({
        TableName: emulator.tableName,
        KeyConditionExpression: "#identity = :identity",
        ExpressionAttributeNames: { "#identity": "identity" },
        ExpressionAttributeValues: { ":identity": { S: a.identity.getSnapshot().identityId ?? "" } },
      }),
    );
    expect(Items).toMatchObject([{ path: { S: "head/notes" }, deleted: { BOOL: true }, swept: { BOOL: true } }]);
    await b.dataset("notes").put("again", 1);
    await b.synchronize();
    await a.synchronize();
    expect(await a.dataset("notes").getAll()).toEqual(new Map([["again", 1]]));
    emulator.setFaults({ lostRequests: 1 });
    await expect(a.dataset("notes").deleteEverywhere()).rejects.toMatchObject({ code: "cloud-unavailable" });
    expect(await a.dataset("notes").get("again")).toBe(1);
  });

  it("The cloud is away: everything goes on here, and up when it is back", async () => {
    const client = device();
    await client.dataset("notes").put("n", 1);
    emulator.setFaults({ serverErrors: 1 });
    expect(await client.synchronize()).toMatchObject({ outcome: "incomplete" });
    expect(client.status.getSnapshot()).toMatchObject({ state: "waiting", error: { code: "cloud-unavailable" } });
    emulator.setFaults({});
    expect(await client.synchronize()).toMatchObject({ outcome: "synced" });
    expect(commits()).toBeGreaterThan(0);
  });
});

it("no token or secret stands in an error", async () => {
  const { region, identityPoolId, tableName, endpoints } = emulator;
  const token = `${(await issuer.tokenFor("ann")).token}x`;
  const client: SyncClient = createSyncClient({
    cloud: cognitoDynamo({ region, identityPoolId, tableName, endpoints }),
    databaseName: `device-${(devices += 1)}`,
    autoSync: false,
  });
  clients.push(client);
  const error: unknown = await client.signIn({ [issuer.loginsKey]: token }).catch((reason: unknown) => reason);
  expect(isSyncError(error, "not-signed-in")).toBe(true);
  expect(JSON.stringify(error)).not.toContain(token);
});

/** Changes attributes of a record's item behind everybody's back. */
async function change(client: SyncClient, key: string, attributes: Record<string, AttributeValue>): Promise<void> {
  const db = operator();
  const Key = { identity: { S: client.identity.getSnapshot().identityId ?? "" }, path: { S: `record/notes/${key}` } };
  const { Item } = await db.send(new GetItemCommand({ TableName: emulator.tableName, Key, ConsistentRead: true }));
  await db.send(new PutItemCommand({ TableName: emulator.tableName, Item: { ...Item, ...attributes } }));
}

/** Changes a row of the local database behind the client's back. */
async function corrupt(
  databaseName: string,
  key: string,
  edit: (row: Record<string, unknown>) => Record<string, unknown>,
): Promise<void> {
  const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
  const vault = names.find((name) => name.startsWith(`${databaseName}@`) && name.includes("/")) ?? "";
  const db = await settled(indexedDB.open(vault));
  const store = db.transaction("records", "readwrite").objectStore("records");
  await settled(store.put(edit(await settled(store.get(["notes", key])))));
  db.close();
}

function settled<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
