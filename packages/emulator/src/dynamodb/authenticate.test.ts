import { GetItemCommand } from "@aws-sdk/client-dynamodb";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changesOf, dynamoOf, guestOf, keyOf, refusalOf, type ClientOptions, type Keys } from "../../test/clients.ts";
import { startEmulator, type Emulator } from "../index.ts";

let emulator: Emulator;
let keys: Keys;

beforeAll(async () => {
  emulator = await startEmulator();
  keys = await guestOf(emulator);
});

afterAll(() => emulator.close());

const query = (changed: Partial<Keys>, options?: ClientOptions) =>
  dynamoOf(emulator, { ...keys, ...changed }, options).send(changesOf(keys.identityId));

const dayMs = 24 * 3600 * 1000;

describe("a request's signature", () => {
  it("is refused with the wrong secret", async () => {
    expect(await refusalOf(query({ secretAccessKey: "wrong" }))).toEqual({
      name: "InvalidSignatureException",
      message:
        "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access " +
        "Key and signing method. Consult the service documentation for details.",
      status: 400,
    });
  });

  it("is refused when the body is another than the one that was signed", async () => {
    const client = dynamoOf(emulator, keys);
    client.middlewareStack.add(
      (next) => async (args) => {
        const { request } = args;
        if (typeof request === "object" && request !== null && "body" in request) {
          if (!(request.body instanceof Uint8Array)) throw new Error("the client's body has changed its form");
          request.body = new TextDecoder().decode(request.body).replace("notes", "other");
        }
        return next(args);
      },
      { step: "finalizeRequest", priority: "low" },
    );
    const get = client.send(new GetItemCommand({ TableName: "holdfast", Key: keyOf(keys.identityId, "a") }));
    expect(await refusalOf(get)).toMatchObject({ name: "InvalidSignatureException" });
  });

  it("is refused with a key or a token that was not given out", async () => {
    const refused = {
      name: "UnrecognizedClientException",
      message: "The security token included in the request is invalid.",
      status: 400,
    };
    const other = await guestOf(emulator);
    expect(await refusalOf(query({ accessKeyId: "ASIAAAAAAAAAAAAAAAAA" }))).toEqual(refused);
    expect(await refusalOf(query({ sessionToken: "another" }))).toEqual(refused);
    expect(await refusalOf(query({ sessionToken: other.sessionToken }))).toEqual(refused);
  });

  it("is refused for another region", async () => {
    expect(await refusalOf(query({}, { region: "eu-west-1" }))).toEqual({
      name: "InvalidSignatureException",
      message: "Credential should be scoped to a valid region. ",
      status: 400,
    });
  });

  it("is refused when the clock is a day off, in both directions", async () => {
    const late = await refusalOf(query({}, { now: () => Date.now() - dayMs }));
    expect(late).toMatchObject({ name: "InvalidSignatureException", status: 400 });
    expect(late.message).toMatch(
      /^Signature expired: \d{8}T\d{6}Z is now earlier than \d{8}T\d{6}Z \(\d{8}T\d{6}Z - 5 min\.\)$/,
    );
    const early = await refusalOf(query({}, { now: () => Date.now() + dayMs }));
    expect(early.message).toMatch(
      /^Signature not yet current: \d{8}T\d{6}Z is still later than \d{8}T\d{6}Z \(\d{8}T\d{6}Z \+ 5 min\.\)$/,
    );
    await query({}, { now: () => Date.now() - 4 * 60_000 });
  });

  it("is refused once the credentials have expired", async () => {
    const short = await startEmulator({ faults: { credentialsLifetimeMs: 0 } });
    const guest = await guestOf(short);
    const refused = {
      name: "ExpiredTokenException",
      message: "The security token included in the request is expired",
      status: 400,
    };
    expect(await refusalOf(dynamoOf(short, guest).send(changesOf(guest.identityId)))).toEqual(refused);
    short.setFaults({});
    const later = await guestOf(short);
    await dynamoOf(short, later).send(changesOf(later.identityId));
    short.expireCredentials();
    expect(await refusalOf(dynamoOf(short, later).send(changesOf(later.identityId)))).toEqual(refused);
    await short.close();
  });

  it("must be there, and whole", async () => {
    const post = async (headers: Record<string, string>) => {
      const answer = await fetch(emulator.url, {
        method: "POST",
        headers: { "x-amz-target": "DynamoDB_20120810.GetItem", ...headers },
        body: "{}",
      });
      const text = await answer.text();
      expect(answer.headers.get("x-amz-crc32")).toBe(String(crc32(text)));
      return { status: answer.status, body: JSON.parse(text) };
    };
    expect(await post({})).toEqual({
      status: 400,
      body: {
        __type: "com.amazon.coral.service#MissingAuthenticationTokenException",
        message: "Request is missing Authentication Token",
      },
    });
    expect(await post({ authorization: "AWS4-HMAC-SHA256 Credential=a" })).toEqual({
      status: 400,
      body: {
        __type: "com.amazon.coral.service#IncompleteSignatureException",
        message:
          "Authorization header requires 'Signature' parameter. " +
          "Authorization header requires 'SignedHeaders' parameter.",
      },
    });
  });
});
