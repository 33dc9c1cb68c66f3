import {
  emptyDigest,
  parseCommitId,
  parseDatasetName,
  parseRecordKey,
  parseReplicaId,
  parseSyncCount,
  SyncError,
  type Attempt,
} from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { commitOutcome } from "./commit-outcome.ts";
import { TransportError } from "./request-handler.ts";

const sent = (key: string) => ({ key: parseRecordKey(key), value: 1, modifiedAt: 1, schema: 1, base: null });
const attempt: Attempt = {
  commit: parseCommitId("cccccccccccccccccccccc"),
  writer: parseReplicaId("rrrrrrrr"),
  base: { syncCount: parseSyncCount(1), commit: parseCommitId("bbbbbbbbbbbbbbbbbbbbbb") },
  records: [sent("a"), sent("b")],
  digest: emptyDigest,
  recordCount: 2,
  floor: parseSyncCount(0),
  lineage: "l",
  writers: [],
  committedAt: 1,
  deletion: null,
};
const context = {
  asked: { type: "commit", tableName: "table", region: "eu-west-1", dataset: parseDatasetName("notes") },
  online: true,
} as const;
const cost = { requests: 1, readUnits: 0, writeUnits: 0 };

const outcomeOf = (error: unknown, online = true) => commitOutcome(error, attempt, { ...context, online }, cost);
const aws = (name: string, httpStatusCode: number, more: object = {}) =>
  Object.assign(new Error("text"), { name, $metadata: { httpStatusCode }, ...more });
const cancelled = (...codes: string[]) =>
  aws("TransactionCanceledException", 400, { CancellationReasons: codes.map((Code) => ({ Code })) });

describe("S-14: a cancelled transaction", () => {
  it.each([
    [["ConditionalCheckFailed", "None", "None"], "stale"],
    [["ConditionalCheckFailed", "ConditionalCheckFailed", "ValidationError"], "stale"],
    [["None", "ConditionalCheckFailed", "None"], "record-refused"],
    [["None", "None", "TransactionConflict"], "unclear"],
    [["ConditionalCheckFailed", "TransactionConflict", "None"], "unclear"],
    [["None", "ThrottlingError", "ConditionalCheckFailed"], "unclear"],
    [["ProvisionedThroughputExceeded", "None", "None"], "unclear"],
    [["None", "None", "ItemCollectionSizeLimitExceeded"], "blocked"],
    [["None", "AccessDenied", "None"], "blocked"],
    [["ValidationError", "None", "None"], "blocked"],
    [["None", "ValidationError", "ConditionalCheckFailed"], "invalid"],
    [["None", "SomethingNew", "None"], "unclear"],
    [[], "unclear"],
  ])("%j is %s", (codes, type) => {
    expect(outcomeOf(cancelled(...codes)).type).toBe(type);
  });

  it("names the records that are invalid", () => {
    expect(outcomeOf(cancelled("None", "None", "ValidationError"))).toMatchObject({
      type: "invalid",
      keys: ["b"],
      error: { code: "invalid-value" },
    });
  });

  it("says throttled, cloud full and access denied by their codes", () => {
    expect(outcomeOf(cancelled("TransactionConflict"))).toMatchObject({ error: { code: "throttled" } });
    expect(outcomeOf(cancelled("None", "ItemCollectionSizeLimitExceeded"))).toMatchObject({
      error: { code: "storage-full" },
    });
    expect(outcomeOf(cancelled("None", "AccessDenied"))).toMatchObject({ error: { code: "access-denied" } });
  });
});

describe("S-14: another answer, or none", () => {
  it.each([
    [aws("ValidationException", 400), "invalid", "invalid-value"],
    [aws("RequestEntityTooLargeException", 413), "invalid", "internal"],
    [aws("AccessDeniedException", 400), "blocked", "access-denied"],
    [aws("ResourceNotFoundException", 400), "blocked", "cloud-misconfigured"],
    [aws("ItemCollectionSizeLimitExceededException", 400), "blocked", "storage-full"],
    [aws("IdempotentParameterMismatchException", 400), "blocked", "internal"],
    [aws("SerializationException", 400), "blocked", "internal"],
    [aws("TransactionInProgressException", 400), "unclear", "cloud-unavailable"],
    [aws("ProvisionedThroughputExceededException", 400), "unclear", "throttled"],
    [aws("ThrottlingException", 400), "unclear", "throttled"],
    [aws("InternalServerError", 500), "unclear", "cloud-unavailable"],
    [aws("ServiceUnavailable", 503), "unclear", "cloud-unavailable"],
    [aws("SyntaxError", 200), "unclear", "cloud-unavailable"],
    [aws("ExpiredTokenException", 400), "unclear", "credentials-expired"],
    [new TransportError("host", true, null), "unclear", "cloud-unavailable"],
    [new TransportError("host", false, new TypeError()), "unclear", "cloud-unavailable"],
    [new TypeError("a bug of ours, after sending"), "unclear", "internal"],
    [new SyncError({ code: "not-signed-in", message: "" }), "blocked", "not-signed-in"],
    [new SyncError({ code: "identity-changed", message: "" }), "blocked", "identity-changed"],
    [new SyncError({ code: "offline", message: "" }), "unclear", "offline"],
  ])("%s is %s, %s", (error, type, code) => {
    expect(outcomeOf(error)).toMatchObject({ type, error: { code } });
  });

  it("is offline where the device is", () => {
    expect(outcomeOf(new TransportError("host", false, null), false)).toMatchObject({
      type: "unclear",
      error: { code: "offline" },
    });
  });
});
