// Against a scripted AWS: one server that answers by operation, as the tests say.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { isSyncError, parseDatasetName, parseIdentityId, type IdentityId, type SyncError } from "@holdfast/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { CloudSession, SignedIn } from "../cloud.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import { createCloud, type CognitoDynamoOptions } from "./cognito-dynamo.ts";
import * as module from "./session.ts";

const { signal } = new AbortController();
const dataset = parseDatasetName("notes");
const hour = 60 * 60_000;
const day = 24 * hour;
const guestId = parseIdentityId("us-east-1:guest");
const userId = parseIdentityId("us-east-1:user");
const otherId = parseIdentityId("us-east-1:other");
const known = (identityId: IdentityId): SignedIn => ({ identityId, kind: "authenticated", logins: ["idp"] });
const guest: SignedIn = { identityId: guestId, kind: "guest", logins: [] };

interface Asked {
  readonly operation: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly request: IncomingMessage;
}
interface Answer {
  readonly status?: number;
  readonly body: object | string;
  readonly afterMs?: number;
}
type Script = Record<string, (asked: Asked) => Answer>;

const failure = (name: string, status = 400): Answer => ({
  status,
  body: { __type: `aws#${name}`, message: "a text with a-token" },
});
const head404: Answer = { body: {} };

let server: Server;
let url: string;
let script: Script;
let asked: Asked[];
let cloudAhead: number;
let deviceAhead: number;
let online: boolean;
let issued: number;

beforeEach(async () => {
  asked = [];
  cloudAhead = 0;
  deviceAhead = 0;
  online = true;
  issued = 0;
  script = {
    GetId: ({ body }) => ({ body: { IdentityId: body["Logins"] ? userId : guestId } }),
    GetCredentialsForIdentity: ({ body }) => credentialsFor(String(body["IdentityId"])),
    GetItem: () => head404,
  };
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const operation = String(request.headers["x-amz-target"]).split(".")[1] ?? "";
      const one = { operation, body: JSON.parse(Buffer.concat(chunks).toString()), request };
      asked.push(one);
      const answer = script[operation]?.(one) ?? failure("UnknownOperationException");
      const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
      const date = new Date(Date.now() + cloudAhead).toUTCString();
      const send = (): unknown => response.writeHead(answer.status ?? 200, { date }).end(text);
      if (answer.afterMs === undefined) send();
      else setTimeout(send, answer.afterMs);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe("who the user is", () => {
  it("a guest is made only where one may be, and needs no login", async () => {
    const session = await open();
    expect(await session.identify({ type: "current", known: null, create: false, askLogins: true }, signal)).toBeNull();
    expect(asked).toEqual([]);
    expect(await session.identify({ type: "current", known: null, create: true, askLogins: true }, signal)).toEqual(
      guest,
    );
    expect(await session.identify({ type: "current", known: guest, create: true, askLogins: true }, signal)).toEqual(
      guest,
    );
    expect(operations()).toEqual(["GetId"]);
    expect(asked[0]?.body).toEqual({ IdentityPoolId: "us-east-1:pool" });
    expect(asked[0]?.request.headers["authorization"]).toBeUndefined();
    expect(
      await (
        await open({ guests: false })
      ).identify({ type: "current", known: null, create: true, askLogins: true }, signal),
    ).toBeNull();
    expect(operations()).toEqual(["GetId"]);
  });

  it("the app's logins name the user", async () => {
    const session = await open({ logins: async () => ({ idp: "a-token" }) });
    const who = await session.identify({ type: "current", known: null, create: true, askLogins: true }, signal);
    expect(who).toEqual(known(userId));
    expect(asked[0]?.body["Logins"]).toEqual({ idp: "a-token" });
  });

  it("C24: a known user without logins must sign in; no guest is made", async () => {
    for (const options of [{}, { logins: async () => null }, { logins: async () => ({}) }]) {
      const session = await open(options);
      await expect(
        session.identify({ type: "current", known: known(userId), create: true, askLogins: true }, signal),
      ).rejects.toMatchObject({ code: "not-signed-in" });
      await expect(session.credentials(known(userId), signal)).rejects.toMatchObject({ code: "not-signed-in" });
    }
    expect(operations()).toEqual([]);
  });

  it("C24: a token that expired is fetched afresh, once for each try", async () => {
    const tokens = [jwt({ exp: now() + 60 }), "stale", "fresh"];
    let calls = 0;
    const session = await open({ logins: async () => ({ idp: tokens[calls++] ?? "" }) });
    await session.identify({ type: "current", known: null, create: false, askLogins: true }, signal);
    refuseLogin("stale");
    deviceAhead = cloudAhead = hour;
    await expect(session.credentials(known(userId), signal)).rejects.toMatchObject({ code: "not-signed-in" });
    expect(calls).toBe(2);
    expect(asked.every(({ body }) => body["Logins"] !== undefined)).toBe(true);
    expect((await session.credentials(known(userId), signal)).identityId).toBe(userId);
    expect(calls).toBe(3);
  });

  it("logins of another person than the remembered one are noticed", async () => {
    script["GetCredentialsForIdentity"] = ({ body }) =>
      body["IdentityId"] === userId ? credentialsFor(userId) : failure("NotAuthorizedException");
    const session = await open({ logins: async () => ({ idp: "a-token" }) });
    const who = await session.identify(
      { type: "current", known: known(otherId), create: true, askLogins: true },
      signal,
    );
    expect(who).toEqual(known(userId));
    const store = session.remoteStore(known(otherId));
    await expect(store.readHead({ dataset, signal })).rejects.toMatchObject({ code: "identity-changed" });
    await session.remoteStore(known(userId)).readHead({ dataset, signal });
    expect(operations()).toEqual(["GetCredentialsForIdentity", "GetId", "GetCredentialsForIdentity", "GetItem"]);
  });

  it("signing in as a guest asks with both, and takes the identity that is answered", async () => {
    const session = await open();
    const logins = { idp: "a-token" };
    expect(await session.identify({ type: "logins", logins, guest: guestId }, signal)).toEqual(known(guestId));
    script["GetCredentialsForIdentity"] = () => credentialsFor(userId);
    expect(await session.identify({ type: "logins", logins, guest: guestId }, signal)).toEqual(known(userId));
    await session.credentials(known(userId), signal);
    expect(operations()).toEqual(["GetCredentialsForIdentity", "GetCredentialsForIdentity"]);
    expect(asked[1]?.body).toEqual({ IdentityId: guestId, Logins: logins });
  });

  it("signing in as a guest that was merged before finds the user all the same", async () => {
    script["GetCredentialsForIdentity"] = ({ body }) =>
      body["IdentityId"] === userId ? credentialsFor(userId) : failure("ResourceNotFoundException");
    const session = await open();
    const who = await session.identify({ type: "logins", logins: { idp: "a-token" }, guest: guestId }, signal);
    expect(who).toEqual(known(userId));
  });

  it("a developer token names its identity: GetId is not called", async () => {
    const token = jwt({ sub: userId });
    const logins = { "cognito-identity.amazonaws.com": token };
    const session = await open();
    const who = await session.identify({ type: "logins", logins, guest: guestId }, signal);
    expect(who).toMatchObject({ identityId: userId, kind: "authenticated" });
    await session.credentials({ identityId: userId, kind: "authenticated", logins: [] }, signal);
    expect(operations()).toEqual(["GetCredentialsForIdentity"]);
    expect(asked[0]?.body).toEqual({ IdentityId: userId, Logins: logins });
    const bad = { "cognito-identity.amazonaws.com": "a-token" };
    await expect(session.identify({ type: "logins", logins: bad, guest: null }, signal)).rejects.toMatchObject({
      code: "not-signed-in",
    });
  });

  it("a role may be chosen; the classic flow says that it is not built", async () => {
    const roleArn = "arn:aws:iam::123456789012:role/editor";
    await (await open({ roleArn })).credentials(guest, signal);
    expect(asked[0]?.body).toEqual({ IdentityId: guestId, CustomRoleArn: roleArn });
    await expect((await open({ flow: "classic" })).credentials(guest, signal)).rejects.toMatchObject({
      code: "internal",
    });
  });

  it("logins that are none, or that fail, are errors without tokens", async () => {
    const answers = [{ idp: 1 }, "a-token", { idp: "" }];
    for (const answer of answers) {
      const session = await open({ logins: async () => JSON.parse(JSON.stringify(answer)) });
      await expect(session.credentials(known(userId), signal)).rejects.toMatchObject({ code: "cloud-misconfigured" });
    }
    const failing = await open({ logins: () => Promise.reject(new Error("a-token")) });
    const error = await failing.credentials(known(userId), signal).catch((thrown: unknown) => thrown);
    expect(isSyncError(error, "cloud-unavailable") && !error.message.includes("a-token")).toBe(true);
    online = false;
    await expect(failing.credentials(known(userId), signal)).rejects.toMatchObject({ code: "offline" });
  });
});

describe("credentials", () => {
  it("are fetched once however many wait, and again five minutes before their end", async () => {
    const session = await open();
    const all = await Promise.all([1, 2, 3].map(() => session.credentials(guest, signal)));
    expect(new Set(all.map(({ accessKeyId }) => accessKeyId)).size).toBe(1);
    expect(issued).toBe(1);
    deviceAhead = cloudAhead = hour - 6 * 60_000;
    await session.credentials(guest, signal);
    expect(issued).toBe(1);
    deviceAhead = cloudAhead = hour - 4 * 60_000;
    await Promise.all([1, 2, 3].map(() => session.credentials(guest, signal)));
    expect(issued).toBe(2);
  });

  it("that still last are used where renewing them fails on the way", async () => {
    const session = await open();
    const before = await session.credentials(guest, signal);
    deviceAhead = cloudAhead = hour - 4 * 60_000;
    script["GetCredentialsForIdentity"] = () => failure("InternalErrorException", 500);
    expect(await session.credentials(guest, signal)).toBe(before);
    deviceAhead = cloudAhead = hour - 10_000;
    await expect(session.credentials(guest, signal)).rejects.toMatchObject({ code: "cloud-unavailable" });
  });

  it("go on for the others where one of those who wait gives up", async () => {
    script["GetCredentialsForIdentity"] = () => ({ ...credentialsFor(guestId), afterMs: 50 });
    const session = await open();
    const impatient = new AbortController();
    const reason = new Error("stop");
    const first = session.credentials(guest, impatient.signal);
    const second = session.credentials(guest, signal);
    impatient.abort(reason);
    await expect(first).rejects.toBe(reason);
    expect((await second).identityId).toBe(guestId);
    expect(issued).toBe(1);
  });

  it("are forgotten at sign-out, also those that are still on their way", async () => {
    script["GetCredentialsForIdentity"] = () => ({ ...credentialsFor(userId), afterMs: 30 });
    const session = await open();
    const late = session.identify({ type: "logins", logins: { idp: "a-token" }, guest: guestId }, signal);
    session.forget();
    await late;
    await expect(session.credentials(known(userId), signal)).rejects.toMatchObject({ code: "not-signed-in" });
    expect(issued).toBe(1);
  });

  it("that the table takes for expired are renewed once, and the same request is repeated", async () => {
    const session = await open();
    script["GetItem"] = ({ request }) => (keyOf(request) === "AKIA1" ? failure("ExpiredTokenException") : head404);
    const page = await session.remoteStore(guest).readHead({ dataset, signal });
    expect(page.cost.requests).toBe(2);
    expect(operations()).toEqual(["GetCredentialsForIdentity", "GetItem", "GetCredentialsForIdentity", "GetItem"]);
    script["GetItem"] = () => failure("ExpiredTokenException");
    await expect(session.remoteStore(guest).readHead({ dataset, signal })).rejects.toMatchObject({
      code: "credentials-expired",
    });
    expect(issued).toBe(3);
  });
});

describe("the clock", () => {
  it.each([day, -day])("of a device that is %i ms off is corrected before anything is signed", async (wrong) => {
    deviceAhead = wrong;
    script["GetItem"] = ({ request }) =>
      isSignedNear(request, Date.now()) ? head404 : failure("InvalidSignatureException", 403);
    const session = await open();
    await session.remoteStore(guest).readHead({ dataset, signal });
    expect(Math.abs(session.clockOffset() + wrong)).toBeLessThan(1500);
    await session.credentials(guest, signal);
    expect(issued).toBe(1);
  });

  it("is corrected by a refused signature, and the request repeated once", async () => {
    const session = await open();
    await session.credentials(guest, signal);
    cloudAhead = hour / 2;
    script["GetItem"] = ({ request }) =>
      isSignedNear(request, Date.now() + cloudAhead) ? head404 : failure("InvalidSignatureException", 403);
    expect((await session.remoteStore(guest).readHead({ dataset, signal })).cost.requests).toBe(2);
    script["GetItem"] = () => failure("InvalidSignatureException", 403);
    await expect(session.remoteStore(guest).readHead({ dataset, signal })).rejects.toMatchObject({
      code: "cloud-misconfigured",
    });
    expect(operations().filter((operation) => operation === "GetItem")).toHaveLength(3);
  });

  it("that is right stays as it is", async () => {
    const session = await open();
    await session.remoteStore(guest).readHead({ dataset, signal });
    expect(session.clockOffset()).toBe(0);
  });
});

describe("the way to the cloud", () => {
  it("that ends nowhere is offline or unavailable", async () => {
    const session = await open();
    server.closeAllConnections();
    server.close();
    await expect(session.credentials(guest, signal)).rejects.toMatchObject({ code: "cloud-unavailable" });
    online = false;
    await expect(session.credentials(guest, signal)).rejects.toMatchObject({ code: "offline" });
  });

  it("where something else answers is unavailable", async () => {
    const session = await open();
    script["GetItem"] = () => ({ body: "<html>Sign in to the hotel's network</html>" });
    await expect(session.remoteStore(guest).readHead({ dataset, signal })).rejects.toMatchObject({
      code: "cloud-unavailable",
    });
  });

  it("gives up waiting for an answer that does not come", async () => {
    const session = await open({}, { hasty: true });
    script["GetCredentialsForIdentity"] = () => ({ body: {}, afterMs: 5_000 });
    await expect(session.credentials(guest, signal)).rejects.toMatchObject({ code: "cloud-unavailable" });
  });

  it("ends at once, with the caller's own reason, where the caller gives up", async () => {
    const session = await open();
    await session.credentials(guest, signal);
    script["GetItem"] = () => ({ body: {}, afterMs: 5_000 });
    for (const reason of [new Error("stop"), "stop"]) {
      const stop = new AbortController();
      const reading = session.remoteStore(guest).readHead({ dataset, signal: stop.signal });
      setTimeout(() => stop.abort(reason), 20);
      await expect(reading).rejects.toBe(reason);
    }
  });

  it("hands on errors without tokens", async () => {
    script["GetCredentialsForIdentity"] = () => failure("SomethingNew");
    const error: SyncError = await (await open()).credentials(guest, signal).then(
      () => Promise.reject(new Error("no error")),
      (thrown: SyncError) => thrown,
    );
    expect(JSON.stringify(error.info)).not.toMatch(/a-token/);
  });
});

const operations = (): string[] => asked.map(({ operation }) => operation);
const now = (): number => Math.floor(Date.now() / 1000);
const jwt = (claims: object): string => `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.y`;
const keyOf = (request: IncomingMessage): string | undefined =>
  /Credential=(\w+)\//.exec(request.headers.authorization ?? "")?.[1];

function isSignedNear(request: IncomingMessage, time: number): boolean {
  const text = String(request.headers["x-amz-date"]);
  const signed = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"));
  return Math.abs(signed - time) < 5_000;
}

function credentialsFor(identityId: string): Answer {
  issued += 1;
  const Expiration = Math.floor((Date.now() + cloudAhead + hour) / 1000);
  const Credentials = { AccessKeyId: `AKIA${issued}`, SecretKey: "secret", SessionToken: "session", Expiration };
  return { body: { IdentityId: identityId, Credentials } };
}

function refuseLogin(token: string): void {
  for (const operation of ["GetId", "GetCredentialsForIdentity"]) {
    const before = script[operation];
    script[operation] = (one) => {
      const isRefused = JSON.stringify(one.body["Logins"]).includes(token);
      return isRefused ? failure("NotAuthorizedException") : (before?.(one) ?? failure("UnknownOperationException"));
    };
  }
}

async function open(options: Partial<CognitoDynamoOptions> = {}, { hasty = false } = {}): Promise<CloudSession> {
  const cloud = createCloud(
    {
      region: "us-east-1",
      identityPoolId: "us-east-1:pool",
      tableName: "holdfast",
      endpoints: { cognitoIdentity: url, dynamodb: url },
      ...options,
    },
    async () => module,
  );
  return cloud.connect(testRuntime(hasty), { clockOffsetMs: 0 });
}

function testRuntime(hasty: boolean): RuntimeImplementation {
  const unused = (): never => {
    throw new Error("not used here");
  };
  return {
    now: () => Date.now() + deviceAhead,
    randomBytes: unused,
    random: unused,
    sleep: unused,
    schedule: (ms, run) => {
      const timer = setTimeout(run, hasty ? 20 : ms);
      return () => clearTimeout(timer);
    },
    online: () => online,
    visible: () => true,
    onChange: unused,
    withLock: unused,
    channel: unused,
    storage: unused,
    requestPersistence: unused,
  };
}
