import { describe, expect, it } from "vitest";
import type { RuntimeImplementation } from "../runtime.ts";
import { createCloud, type CognitoDynamoOptions } from "./cognito-dynamo.ts";

const options = { region: "eu-west-1", identityPoolId: "eu-west-1:1234-abcd", tableName: "holdfast" };
const create = (changes: object = {}) =>
  createCloud({ ...options, ...changes }, () => Promise.reject(new Error("chunk")));

const unused = (): never => {
  throw new Error("not used here");
};
const runtime: RuntimeImplementation = {
  now: unused,
  randomBytes: unused,
  random: unused,
  sleep: unused,
  schedule: unused,
  online: unused,
  visible: unused,
  onChange: unused,
  withLock: unused,
  channel: unused,
  storage: unused,
  requestPersistence: unused,
};

describe("cognitoDynamo", () => {
  it("names a cloud in short, safe text", () => {
    expect(create().id).toBe("eu-west-1.eu-west-1_3a1234-abcd.holdfast");
  });

  it("gives two clouds never one name, and the same cloud always one", () => {
    const different: Partial<CognitoDynamoOptions>[] = [
      {},
      { tableName: "hold.fast" },
      { tableName: "hold_2efast" },
      { tableName: "holdfast.x" },
      { region: "eu-west-2" },
      { identityPoolId: "eu-west-1:1234-abce" },
      { endpoints: { dynamodb: "http://localhost:1/" } },
      { endpoints: { cognitoIdentity: "http://localhost:1/" } },
      { endpoints: { cognitoIdentity: "http://localhost:1/", dynamodb: "http://localhost:1/" } },
    ];
    expect(new Set(different.map((changes) => create(changes).id)).size).toBe(different.length);
    expect(create({ endpoints: {} }).id).toBe(create().id);
    expect(create({ endpoints: { dynamodb: "http://localhost:1" } }).id).toBe(
      create({ endpoints: { dynamodb: "http://localhost:1/" } }).id,
    );
    expect(create({ guests: false, logins: async () => null, roleArn: "arn:aws:iam::123456789012:role/x" }).id).toBe(
      create().id,
    );
  });

  it.each<object>([
    { region: "" },
    { region: undefined },
    { identityPoolId: undefined },
    { tableName: undefined },
    { logins: "token" },
    { guests: "yes" },
    { flow: "basic" },
    { endpoints: { dynamodb: "localhost" } },
    { endpoints: { cognitoIdentity: "file:///x" } },
  ])("refuses %j at once", (changes) => {
    expect(() => create(changes)).toThrowError(expect.objectContaining({ code: "cloud-misconfigured" }));
  });

  it.each([{ region: "Ireland" }, { identityPoolId: "1234" }, { tableName: "a b c" }, { roleArn: "admin" }])(
    "refuses %j before it talks",
    async (changes) => {
      const connecting = create(changes).connect(runtime, { clockOffsetMs: 0 });
      await expect(connecting).rejects.toMatchObject({ code: "cloud-misconfigured" });
    },
  );

  it("says that it is tried again where its code can't be loaded", async () => {
    await expect(create().connect(runtime, { clockOffsetMs: 0 })).rejects.toMatchObject({ code: "cloud-unavailable" });
  });
});
