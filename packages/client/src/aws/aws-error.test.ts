import { parseDatasetName } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { awsErrorToSyncError, type Asked } from "./aws-error.ts";

const aws = (name: string, httpStatusCode: number, text = "secret-token") =>
  Object.assign(new Error(text), { name, $metadata: { httpStatusCode } });
const table = { tableName: "holdfast", region: "eu-west-1", dataset: parseDatasetName("notes") };
const poolId = "eu-west-1:1234";
const logins = ["accounts.google.com"];
const guestId: Asked = { type: "guest-id", poolId };
const loginId: Asked = { type: "login-id", poolId, logins };
const guestCredentials: Asked = { type: "guest-credentials", poolId, roleArn: undefined };
const loginCredentials: Asked = { type: "login-credentials", poolId, roleArn: "arn:role", logins };

const infoOf = (asked: Asked, name: string, status = 400, text?: string) =>
  awsErrorToSyncError(aws(name, status, text), { asked, online: true }).info;

describe("DynamoDB's errors", () => {
  it("name the table and its region where it is missing", () => {
    const info = infoOf({ type: "index", ...table }, "ResourceNotFoundException");
    expect(info).toMatchObject({ code: "cloud-misconfigured", dataset: "notes" });
    expect(info.message).toMatch(/"holdfast".*eu-west-1/);
  });

  it("name the index where a query of it is invalid", () => {
    const info = infoOf({ type: "index", ...table }, "ValidationException");
    expect(info.code).toBe("cloud-misconfigured");
    expect(info.message).toMatch(/"changes"/);
  });

  it("name the IAM action and the resource", () => {
    expect(infoOf({ type: "index", ...table }, "AccessDeniedException").message).toMatch(
      /dynamodb:Query on table\/holdfast\/index\/changes/,
    );
    expect(infoOf({ type: "table", ...table }, "AccessDeniedException").message).toMatch(
      /dynamodb:Query on table\/holdfast /,
    );
    expect(infoOf({ type: "item", ...table }, "AccessDeniedException").message).toMatch(/dynamodb:GetItem/);
    expect(infoOf({ type: "commit", ...table }, "AccessDeniedException").message).toMatch(
      /PutItem or dynamodb:UpdateItem/,
    );
    const told = "User: x is not authorized to perform: dynamodb:UpdateItem on resource: y";
    expect(infoOf({ type: "commit", ...table }, "AccessDeniedException", 400, told)).toMatchObject({
      code: "access-denied",
    });
    expect(infoOf({ type: "commit", ...table }, "AccessDeniedException", 400, told).message).toMatch(
      /allow dynamodb:UpdateItem on/,
    );
  });
});

describe("Cognito's errors", () => {
  it.each([
    [guestId, "NotAuthorizedException", "cloud-misconfigured"],
    [guestId, "ResourceNotFoundException", "cloud-misconfigured"],
    [loginId, "NotAuthorizedException", "not-signed-in"],
    [guestCredentials, "NotAuthorizedException", "not-signed-in"],
    [loginCredentials, "NotAuthorizedException", "not-signed-in"],
    [loginCredentials, "ResourceNotFoundException", "not-signed-in"],
    [loginCredentials, "ResourceConflictException", "not-signed-in"],
    [loginCredentials, "InvalidIdentityPoolConfigurationException", "cloud-misconfigured"],
    [loginCredentials, "InvalidParameterException", "cloud-misconfigured"],
    [loginCredentials, "ExternalServiceException", "cloud-unavailable"],
    [loginCredentials, "TooManyRequestsException", "throttled"],
    [loginCredentials, "LimitExceededException", "throttled"],
    [loginCredentials, "ForbiddenException", "access-denied"],
    [loginCredentials, "SomethingNew", "internal"],
  ])("%o %s is %s", (asked, name, code) => {
    const info = infoOf(asked, name);
    expect(info.code).toBe(code);
    expect(info.message).not.toMatch(/secret-token/);
  });

  it("of the server are retried", () => {
    expect(infoOf(guestId, "InternalErrorException", 500).code).toBe("cloud-unavailable");
  });
});
