// Faults as a client meets them.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  changesOf,
  dynamoOf,
  guestOf,
  idOf,
  itemOf,
  putOf,
  refusalOf,
  transactionOf,
  type Keys,
} from "../../test/clients.ts";
import { startEmulator, type Emulator, type Faults } from "../index.ts";

let emulator: Emulator;
let keys: Keys;

beforeAll(async () => {
  emulator = await startEmulator();
});

beforeEach(async () => {
  emulator.setFaults({});
  keys = await guestOf(emulator);
});

afterAll(() => emulator.close());

/** One add under a condition, so that a second one is noticed. */
const add = () =>
  dynamoOf(emulator, keys).send(
    transactionOf({
      Put: {
        ...putOf(itemOf(keys.identityId, "a")).Put,
        TableName: "holdfast",
        Item: itemOf(keys.identityId, "a"),
        ConditionExpression: "attribute_not_exists(#p)",
        ExpressionAttributeNames: { "#p": "path" },
      },
    }),
  );
const count = async () => (await dynamoOf(emulator, keys).send(changesOf(keys.identityId))).Count;

describe("faults", () => {
  it("lostRequests: nothing is applied, and the connection breaks", async () => {
    emulator.setFaults({ lostRequests: { times: 1, action: "TransactWriteItems" } });
    expect(await refusalOf(add())).toMatchObject({ status: 0 });
    expect(await count()).toBe(0);
    await add();
    expect(await count()).toBe(1);
  });

  it("lostAnswers: it is applied, once, and the connection breaks", async () => {
    emulator.setFaults({ lostAnswers: { times: 1, action: "TransactWriteItems" } });
    expect(await refusalOf(add())).toMatchObject({ status: 0 });
    expect(await count()).toBe(1);
    expect(await refusalOf(add())).toMatchObject({ name: "TransactionCanceledException" });
  });

  it("throttled and serverErrors: nothing is applied, with each service's error", async () => {
    const refusals = async (faults: Faults) => {
      emulator.setFaults(faults);
      const refused = [await refusalOf(add()), await refusalOf(idOf(emulator))];
      emulator.setFaults({});
      return refused;
    };
    expect(await refusals({ throttled: 1 })).toMatchObject([
      { name: "ThrottlingException", status: 400 },
      { name: "TooManyRequestsException", status: 400 },
    ]);
    expect(await refusals({ serverErrors: 1 })).toMatchObject([
      { name: "InternalServerError", status: 500 },
      { name: "InternalErrorException", status: 500 },
    ]);
    expect(await count()).toBe(0);
  });

  it("latencyMs: requests wait, and those that wait end with close()", async () => {
    emulator.setFaults({ latencyMs: { min: 60, max: 80 } });
    const start = performance.now();
    await count();
    expect(performance.now() - start).toBeGreaterThanOrEqual(59);

    const slow = await startEmulator({ faults: { latencyMs: 60_000 } });
    const waiting = refusalOf(idOf(slow));
    await expect.poll(() => slow.traffic().cognitoRequests).toEqual({ GetId: 1 });
    await slow.close();
    expect(await waiting).toMatchObject({ status: 0 });
  });

  it("dateOffsetMs: the Date header and the signature's time are off together", async () => {
    const offset = 24 * 3600 * 1000;
    emulator.setFaults({ dateOffsetMs: offset });
    const { headers } = await fetch(emulator.url);
    expect(Math.abs(Date.parse(headers.get("date") ?? "") - Date.now() - offset)).toBeLessThan(5000);
    expect(await refusalOf(count())).toMatchObject({ name: "InvalidSignatureException" });
    keys = await guestOf(emulator);
    const corrected = dynamoOf(emulator, keys, { now: () => Date.now() + offset });
    expect((await corrected.send(changesOf(keys.identityId))).Count).toBe(0);
  });
});

describe("a request to no service", () => {
  it("is told so", async () => {
    const post = async (headers: Record<string, string>, body = "{}") => {
      const answer = await fetch(emulator.url, { method: "POST", headers, body });
      return { status: answer.status, body: await answer.text() };
    };
    expect(await post({ "x-amz-target": "Other_2020.Do" })).toEqual({
      status: 400,
      body: '{"__type":"com.amazon.coral.service#UnknownOperationException"}',
    });
    const form = { "content-type": "application/x-www-form-urlencoded" };
    expect((await post(form, "Action=AssumeRoleWithWebIdentity")).body).toContain("The emulator has no STS");
    const unsigned = await post({ "x-amz-target": "AWSCognitoIdentityService.GetId" }, "{bad");
    expect(unsigned.body).toBe('{"__type":"SerializationException"}');
  });
});
