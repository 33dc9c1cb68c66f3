import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changesOf, dynamoOf, guestOf, idOf, itemOf, putOf, refusalOf, transactionOf } from "../../test/clients.ts";
import { startEmulator, type Emulator } from "../index.ts";

let emulator: Emulator;

beforeAll(async () => {
  emulator = await startEmulator();
});

afterAll(() => emulator.close());

describe("a page of any origin", () => {
  const origin = "https://app.example";

  it("may ask, with the headers that it wants to send", async () => {
    const answer = await fetch(emulator.url, {
      method: "OPTIONS",
      headers: {
        origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type,x-amz-date,x-amz-target",
      },
    });
    expect(answer.status).toBe(200);
    expect(Object.fromEntries(answer.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-methods": "POST",
      "access-control-allow-headers": "authorization,content-type,x-amz-date,x-amz-target",
      "access-control-expose-headers": "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date",
      "access-control-max-age": "172800",
    });
  });

  it("may read answers and errors, with their Date", async () => {
    const post = (body: object) =>
      fetch(emulator.url, {
        method: "POST",
        headers: { origin, "x-amz-target": "AWSCognitoIdentityService.GetId" },
        body: JSON.stringify(body),
      });
    for (const answer of [await post({ IdentityPoolId: emulator.identityPoolId }), await post({})]) {
      expect(Object.fromEntries(answer.headers)).toMatchObject({
        "access-control-allow-origin": "*",
        "access-control-expose-headers": "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date",
        "content-type": "application/x-amz-json-1.1",
        "x-amzn-requestid": expect.stringMatching(/^[0-9a-f-]{36}$/),
        date: expect.stringMatching(/ GMT$/),
      });
    }
  });
});

describe("the engine's answer", () => {
  it("keeps its content type, request id and checksum", async () => {
    const keys = await guestOf(emulator);
    const client = dynamoOf(emulator, keys);
    let headers: unknown;
    client.middlewareStack.add(
      (next) => async (args) => {
        const answered = await next(args);
        const { response } = answered;
        if (typeof response === "object" && response !== null && "headers" in response) headers = response.headers;
        return answered;
      },
      { step: "deserialize", priority: "low" },
    );
    await client.send(changesOf(keys.identityId));
    expect(headers).toMatchObject({
      "content-type": "application/x-amz-json-1.0",
      "x-amzn-requestid": expect.stringMatching(/./),
      "x-amz-crc32": expect.stringMatching(/^\d+$/),
    });
  });
});

describe("the control endpoints", () => {
  const control = async (path: string, init?: RequestInit) => {
    const answer = await fetch(`${emulator.url}/_emulator/${path}`, init);
    return { status: answer.status, body: await answer.json() };
  };
  const setFaults = (faults: object, headers: Record<string, string> = {}) =>
    control("faults", { method: "POST", body: JSON.stringify(faults), headers });

  it("set and clear faults, and refuse what is none", async () => {
    expect(await setFaults({ throttled: 1 })).toEqual({ status: 200, body: {} });
    expect(await refusalOf(idOf(emulator))).toMatchObject({ name: "TooManyRequestsException" });
    expect(await setFaults({})).toMatchObject({ status: 200 });
    await idOf(emulator);
    expect(await setFaults({ slow: 1 })).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('no fault "slow"') },
    });
  });

  it("count requests and units until they are reset", async () => {
    await control("traffic", { method: "DELETE" });
    const keys = await guestOf(emulator);
    const client = dynamoOf(emulator, keys);
    await client.send(transactionOf(putOf(itemOf(keys.identityId, "a"))));
    await client.send(changesOf(keys.identityId));
    await client.send(changesOf(keys.identityId));
    expect((await control("traffic")).body).toEqual({
      requests: { TransactWriteItems: 1, Query: 2 },
      cognitoRequests: { GetId: 1, GetCredentialsForIdentity: 1 },
      readUnits: 2,
      writeUnits: expect.any(Number),
    });
    expect(emulator.traffic().writeUnits).toBeGreaterThanOrEqual(2);
    emulator.resetTraffic();
    expect(emulator.traffic()).toEqual({ requests: {}, cognitoRequests: {}, readUnits: 0, writeUnits: 0 });
  });

  it("expire the credentials given out so far", async () => {
    const keys = await guestOf(emulator);
    await control("expire-credentials", { method: "POST" });
    expect(await refusalOf(dynamoOf(emulator, keys).send(changesOf(keys.identityId)))).toMatchObject({
      name: "ExpiredTokenException",
    });
  });

  it("answer to pages and names of this machine alone", async () => {
    expect(await setFaults({}, { origin: "http://localhost:5173" })).toMatchObject({ status: 200 });
    expect(await setFaults({}, { origin: "https://app.example" })).toMatchObject({ status: 403 });
    const status = await new Promise((resolve, reject) => {
      const url = `${emulator.url}/_emulator/traffic`;
      request(url, { headers: { host: "rebound.example" } }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
    expect(await control("nothing")).toMatchObject({ status: 404 });
  });
});
