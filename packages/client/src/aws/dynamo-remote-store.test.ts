// Against a real DynamoDB engine (dynoxide), without Cognito before it.
import { spawn, type ChildProcess } from "node:child_process";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { CreateTableCommand, DynamoDBClient, PutItemCommand, type AttributeValue } from "@aws-sdk/client-dynamodb";
import {
  DigestSum,
  emptyDigest,
  parseCommitId,
  parseDatasetName,
  parseIdentityId,
  parseRecordKey,
  parseReplicaId,
  parseSyncCount,
  type Attempt,
  type CommitId,
  type JsonValue,
  type RemoteRecord,
  type SentRecord,
} from "@holdfast/core";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Page } from "../remote-store.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import { CloudClock } from "./cloud-clock.ts";
import { DynamoRemoteStore } from "./dynamo-remote-store.ts";
import { DynamoRequests } from "./dynamo-requests.ts";

const engine = await findEngine();
const { signal } = new AbortController();
const dataset = parseDatasetName("notes");
const writer = parseReplicaId("rrrrrrrr");
// DynamoDB knows a token in the whole account, so each test has ids of its own.
let testCount = 0;
const idOf = (letter: string): CommitId => parseCommitId(String(testCount).padStart(4, "0") + letter.repeat(18));

describe("the table", () => {
  let server: ChildProcess;
  let endpoint: string;
  let admin: DynamoDBClient;
  let identity = parseIdentityId("us-east-1:0");
  let store: DynamoRemoteStore;

  beforeAll(async () => {
    const port = await freePort();
    server = spawn(engine ?? "", ["--port", String(port)], { stdio: "ignore" });
    endpoint = `http://127.0.0.1:${port}`;
    admin = new DynamoDBClient({
      endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "a", secretAccessKey: "b" },
    });
    await whenUp(endpoint);
    await admin.send(new CreateTableCommand(tableOf("holdfast", true)));
    await admin.send(new CreateTableCommand(tableOf("no-index", false)));
  });

  afterAll(() => {
    admin.destroy();
    server.kill();
  });

  beforeEach(() => {
    identity = parseIdentityId(`us-east-1:${++testCount}`);
    store = open();
  });

  const open = (tableName = "holdfast", at = endpoint): DynamoRemoteStore => {
    const runtime = nodeRuntime();
    const signedIn = { identityId: identity, kind: "guest", logins: [] } as const;
    const credentials = {
      identityId: identity,
      accessKeyId: "a",
      secretAccessKey: "b",
      sessionToken: "c",
      expiration: new Date(8.64e15),
    };
    const requests = new DynamoRequests({
      region: "us-east-1",
      endpoint: at,
      identity: signedIn,
      source: { credentials: async () => credentials, drop: () => undefined },
      runtime,
      clock: new CloudClock(runtime, 0),
    });
    return new DynamoRemoteStore({ tableName, region: "us-east-1", identity, requests, online: () => true });
  };
  const put = (item: Record<string, AttributeValue>) =>
    admin.send(new PutItemCommand({ TableName: "holdfast", Item: { identity: { S: identity }, ...item } }));
  const commit = (attempt: Attempt) => store.commit({ dataset, attempt, signal });

  it("S-2: takes a first commit and gives it back by index, by path and by head", async () => {
    const attempt = attemptOf({ values: { a: 1, "b/c": { deep: [null, true] } } });
    expect(await commit(attempt)).toMatchObject({ type: "committed", cost: { requests: 1 } });
    const pulled = await pull(0);
    // The records of one commit come in any order.
    expect(new Map(pulled.records.map(({ key, content }) => [String(key), content]))).toEqual(
      new Map([
        ["a", { type: "live", value: 1 }],
        ["b/c", { type: "live", value: { deep: [null, true] } }],
      ]),
    );
    expect(pulled.head).toMatchObject({
      syncCount: 1,
      commit: idOf("a"),
      changed: 2,
      digest: attempt.digest,
      recordCount: 2,
      floor: 0,
      deleted: false,
      lineage: "lineage",
      writers: new Map([[writer, idOf("a")]]),
      format: 1,
    });
    const listed = await store.listPage({ dataset, cursor: null, signal });
    expect(listed.records.map(({ key }) => key)).toEqual(["a", "b/c"]);
    expect(listed.records).toEqual(expect.arrayContaining([...pulled.records]));
    expect(listed.head).toBeNull();
    expect((await store.readHead({ dataset, signal })).head).toEqual(pulled.head);
    const heads = await store.headsPage({ cursor: null, signal });
    expect(heads.heads).toEqual([{ dataset, head: pulled.head }]);
    for (const { cost } of [pulled, listed, heads]) expect(cost).toMatchObject({ requests: 1, writeUnits: 0 });
    expect(pulled.cost.readUnits).toBeGreaterThan(0);
  });

  it("S-7: answers a poll without news with the head alone, and nothing at all for a dataset that is not there", async () => {
    await commit(attemptOf({ values: { a: 1 } }));
    await commit(attemptOf({ commit: idOf("b"), base: { syncCount: 1, commit: idOf("a") }, values: { b: 2 } }));
    expect(await pull(2)).toMatchObject({ records: [], head: { syncCount: 2 } });
    expect((await pull(1)).records.map(({ key }) => key)).toEqual(["b"]);
    expect(await pull(3)).toMatchObject({ records: [], head: null });
    const other = await store.pullPage({
      dataset: parseDatasetName("note"),
      since: parseSyncCount(0),
      cursor: null,
      signal,
    });
    expect(other).toMatchObject({ records: [], head: null, cursor: null });
    expect((await store.readHead({ dataset: parseDatasetName("note"), signal })).head).toBeNull();
  });

  it("S-2: refuses a commit whose base is not the head", async () => {
    await commit(attemptOf({ values: { a: 1 } }));
    expect(await commit(attemptOf({ commit: idOf("b"), values: { b: 1 } }))).toMatchObject({ type: "stale" });
    expect(
      await commit(attemptOf({ commit: idOf("b"), base: { syncCount: 1, commit: idOf("b") }, values: { b: 1 } })),
    ).toMatchObject({ type: "stale" });
    expect((await pull(0)).records).toHaveLength(1);
  });

  it("S-3: refuses a commit where a record is not its base, and takes tombstones and what is under the floor as absent", async () => {
    await commit(attemptOf({ values: { a: 1, b: 1 } }));
    const head = { syncCount: 1, commit: idOf("a") };
    const base = { syncCount: parseSyncCount(1), commit: idOf("b") };
    expect(await commit(attemptOf({ commit: idOf("b"), base: head, values: { a: 2 } }))).toMatchObject({
      type: "record-refused",
    });
    expect(await commit(attemptOf({ commit: idOf("b"), base: head, records: [sent("a", 2, base)] }))).toMatchObject({
      type: "record-refused",
    });
    const removal = attemptOf({
      commit: idOf("b"),
      base: head,
      records: [sent("a", undefined, { ...base, commit: idOf("a") })],
    });
    expect(await commit(removal)).toMatchObject({ type: "committed" });
    const again = attemptOf({
      commit: idOf("c"),
      base: { syncCount: 2, commit: idOf("b") },
      values: { a: 3, b: 3 },
      floor: 1,
    });
    expect(await commit(again)).toMatchObject({ type: "committed" });
    expect((await pull(2)).records.map(({ content }) => content)).toEqual([
      { type: "live", value: 3 },
      { type: "live", value: 3 },
    ]);
  });

  it("S-5, C31: takes the same attempt again as done, and refuses its token with other content", async () => {
    const attempt = attemptOf({ values: { a: 1 } });
    expect(await commit(attempt)).toMatchObject({ type: "committed" });
    expect(await commit(structuredClone(attempt))).toMatchObject({ type: "committed" });
    expect(await pull(0)).toMatchObject({ head: { syncCount: 1 } });
    expect(await commit({ ...attempt, committedAt: 2 })).toMatchObject({
      type: "blocked",
      error: { code: "internal" },
    });
  });

  it("C36: reads more than 1 MB page by page, in order, the head last", async () => {
    const text = "x".repeat(100_000);
    for (const [index, letter] of ["a", "b", "c", "d"].entries()) {
      const base = index === 0 ? undefined : { syncCount: index, commit: idOf(String.fromCharCode(96 + index)) };
      const values = Object.fromEntries([0, 1, 2, 3, 4, 5].map((n) => [`${index}${n}`, text]));
      expect(await commit(attemptOf({ commit: idOf(letter), base, values }))).toMatchObject({ type: "committed" });
    }
    const pages = await allPages((cursor) => store.pullPage({ dataset, since: parseSyncCount(0), cursor, signal }));
    expect(pages.length).toBeGreaterThan(2);
    expect(pages.flatMap(({ records }) => records.map(({ key }) => key))).toHaveLength(24);
    expect(pages.map(({ head }) => head?.syncCount)).toEqual([...pages.slice(1).map(() => undefined), 4]);
    const listed = await allPages((cursor) => store.listPage({ dataset, cursor, signal }));
    expect(listed.flatMap(({ records }) => records.map(({ key }) => key))).toHaveLength(24);
  });

  it("C42, C43: keeps keys of 800 bytes, empty text, every number and every member name", async () => {
    const long = "中".repeat(266);
    const value = Object.fromEntries([
      ["s", ""],
      ["__proto__", { polluted: true }],
      ["a", 1e100],
      ["b", 9007199254740992],
      ["c", 0.1],
      ["d", -0.000001],
      ["nul", "\u0000"],
    ]);
    const values = { [long]: value, tiny: 5e-324, huge: 1e200, emptyText: "" };
    expect(await commit(attemptOf({ values }))).toMatchObject({ type: "committed" });
    const { records } = await pull(0);
    const read = new Map(
      records.map(({ key, content }) => [String(key), content.type === "live" ? content.value : undefined]),
    );
    for (const [key, sentValue] of Object.entries(values))
      expect(sortedText(read.get(key))).toBe(sortedText(sentValue));
  });

  it("S-19: keeps what others wrote, and says what counts for nothing", async () => {
    await commit(attemptOf({ values: { a: 1 } }));
    const change = { change: { S: "notes/0000000000000001" } };
    const version = { syncCount: { N: "1" }, commit: { S: idOf("a") } };
    await put({ path: { S: "record/notes/newer" }, ...change, ...version, format: { N: "2" } });
    await put({ path: { S: "record/notes/broken" }, ...change });
    await put({ path: { S: "something" }, ...change });
    const pulled = await pull(0);
    expect(pulled.records.map(({ key, content }) => [key, content.type])).toEqual(
      expect.arrayContaining([
        ["a", "live"],
        ["newer", "unreadable"],
      ]),
    );
    expect(pulled.damaged.map(({ key }) => key).sort()).toEqual(["broken", "something"]);
    const newer = pulled.records.find(({ key }) => key === "newer")?.content;
    expect(newer?.type === "unreadable" ? store.rereadItem(newer.item) : undefined).toBeNull();
  });

  it("does not take a damaged head for a missing one", async () => {
    await put({ path: { S: "head/notes" }, change: { S: "notes/0000000000000001~" }, syncCount: { N: "1" } });
    await expect(pull(0)).rejects.toMatchObject({ code: "internal", info: { dataset } });
    await expect(store.readHead({ dataset, signal })).rejects.toMatchObject({ code: "internal" });
    expect((await store.headsPage({ cursor: null, signal })).heads).toEqual([{ dataset, head: null }]);
  });

  it("names what is missing: table, index, endpoint", async () => {
    const since = parseSyncCount(0);
    const misconfigured = { code: "cloud-misconfigured" };
    await expect(open("missing").pullPage({ dataset, since, cursor: null, signal })).rejects.toMatchObject(
      misconfigured,
    );
    await expect(open("no-index").pullPage({ dataset, since, cursor: null, signal })).rejects.toMatchObject(
      misconfigured,
    );
    const attempt = attemptOf({ values: { a: 1 } });
    const missing = await open("missing").commit({ dataset, attempt, signal });
    expect(missing).toMatchObject({ type: "blocked", error: misconfigured });
    const nowhere = open("holdfast", `http://127.0.0.1:${await freePort()}`);
    await expect(nowhere.readHead({ dataset, signal })).rejects.toMatchObject({ code: "cloud-unavailable" });
    expect(await nowhere.commit({ dataset, attempt, signal })).toMatchObject({
      type: "unclear",
      error: { code: "cloud-unavailable" },
    });
  });

  it("gives an abort back untouched, and sends nothing after it", async () => {
    const reason = new Error("stop");
    const aborted = AbortSignal.abort(reason);
    await expect(store.readHead({ dataset, signal: aborted })).rejects.toBe(reason);
    await expect(store.commit({ dataset, attempt: attemptOf({ values: { a: 1 } }), signal: aborted })).rejects.toBe(
      reason,
    );
    expect(await pull(0)).toMatchObject({ head: null });
  });

  it("refuses a cursor of another store", async () => {
    await expect(store.listPage({ dataset, cursor: { path: "x" }, signal })).rejects.toMatchObject({
      code: "internal",
    });
  });

  const pull = (since: number): Promise<Page> =>
    store.pullPage({ dataset, since: parseSyncCount(since), cursor: null, signal });
});

async function allPages(read: (cursor: unknown) => Promise<Page>): Promise<readonly Page[]> {
  const pages: Page[] = [];
  for (let cursor: unknown = null; pages.length === 0 || cursor !== null;) {
    const page = await read(cursor);
    pages.push(page);
    ({ cursor } = page);
  }
  return pages;
}

function sent(key: string, value: JsonValue | undefined, base: SentRecord["base"] = null): SentRecord {
  return { key: parseRecordKey(key), value, modifiedAt: 1, schema: 1, base };
}

interface AttemptOptions {
  readonly commit?: CommitId | undefined;
  readonly base?: { readonly syncCount: number; readonly commit: CommitId } | undefined;
  readonly values?: Readonly<Record<string, JsonValue>>;
  readonly records?: readonly SentRecord[];
  readonly floor?: number;
}

function attemptOf(options: AttemptOptions): Attempt {
  const { commit = idOf("a"), base, values = {}, floor = 0 } = options;
  const records = options.records ?? Object.entries(values).map(([key, value]) => sent(key, value));
  const sum = new DigestSum(emptyDigest);
  const counted = records.map(({ key }): Pick<RemoteRecord, "key" | "syncCount" | "commit"> => ({
    key,
    syncCount: parseSyncCount((base?.syncCount ?? 0) + 1),
    commit,
  }));
  for (const record of counted) sum.add(record);
  return {
    commit,
    writer,
    base: { syncCount: parseSyncCount(base?.syncCount ?? 0), commit: base?.commit ?? null },
    records,
    digest: sum.digest,
    recordCount: sum.recordCount,
    floor: parseSyncCount(floor),
    lineage: "lineage",
    writers: [[writer, commit]],
    committedAt: 1_700_000_000_000,
    deletion: null,
  };
}

/** Maps come back in another order. */
const sortedText = (value: JsonValue | undefined): string =>
  JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );

function tableOf(name: string, withIndex: boolean): ConstructorParameters<typeof CreateTableCommand>[0] {
  const text = (AttributeName: string) => ({ AttributeName, AttributeType: "S" as const });
  const identityKey = { AttributeName: "identity", KeyType: "HASH" as const };
  const keys = (range: string) => [identityKey, { AttributeName: range, KeyType: "RANGE" as const }];
  const changes = { IndexName: "changes", KeySchema: keys("change"), Projection: { ProjectionType: "ALL" as const } };
  return {
    TableName: name,
    BillingMode: "PAY_PER_REQUEST",
    AttributeDefinitions: [text("identity"), text("path"), ...(withIndex ? [text("change")] : [])],
    KeySchema: keys("path"),
    ...(withIndex ? { LocalSecondaryIndexes: [changes] } : {}),
  };
}

async function findEngine(): Promise<string | null> {
  try {
    return createRequire(import.meta.url).resolve(`@dynoxide/${process.platform}-${process.arch}/dynoxide`);
  } catch {
    return null;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

async function whenUp(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(url);
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function nodeRuntime(): RuntimeImplementation {
  const unused = (): never => {
    throw new Error("not used here");
  };
  return {
    now: () => Date.now(),
    randomBytes: unused,
    random: unused,
    sleep: unused,
    schedule: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    online: () => true,
    visible: () => true,
    onChange: unused,
    withLock: unused,
    channel: unused,
    storage: unused,
    requestPersistence: unused,
  };
}
