import { emptyDigest } from "../digest.ts";
import {
  parseCommitId,
  parseDatasetName,
  parseIdentityId,
  parseRecordKey,
  parseReplicaId,
  parseSyncCount,
} from "../ids.ts";
import type { Attempt } from "../replica.ts";
import { describe, expect, it } from "vitest";
import { commitRequest } from "./commit-request.ts";

const place = { identity: parseIdentityId("eu-west-1:0000"), dataset: parseDatasetName("notes") };
const commit = parseCommitId("cccccccccccccccccccccc");
const baseCommit = parseCommitId("bbbbbbbbbbbbbbbbbbbbbb");
const writer = parseReplicaId("rrrrrrrr");
const base = { syncCount: parseSyncCount(30), commit: parseCommitId("aaaaaaaaaaaaaaaaaaaaaa") };
const attempt: Attempt = {
  commit,
  writer,
  base: { syncCount: parseSyncCount(41), commit: baseCommit },
  records: [
    { key: parseRecordKey("live"), value: { b: 1, a: 2 }, modifiedAt: 1, schema: 1, base },
    { key: parseRecordKey("new"), value: "x", modifiedAt: 2, schema: 1, base: null },
    { key: parseRecordKey("gone"), value: undefined, modifiedAt: 3, schema: 1, base },
  ],
  digest: emptyDigest,
  recordCount: 9,
  floor: parseSyncCount(5),
  lineage: "lineage",
  writers: [[writer, commit]],
  committedAt: 1_700_000_000_000,
  deletion: null,
};

describe("S-2: the head's action", () => {
  it("moves an existing head under its count and commit, and leaves lineage and floor", () => {
    const update = commitRequest("table", place, attempt).TransactItems?.[0]?.Update;
    expect(update?.Key).toEqual({ identity: { S: "eu-west-1:0000" }, path: { S: "head/notes" } });
    expect(update?.ConditionExpression).toBe("#syncCount = :checkpoint AND #commit = :checkpointCommit");
    expect(update?.UpdateExpression).not.toMatch(/lineage|floor|swept/);
    expect(update?.ExpressionAttributeValues).toEqual({
      ":checkpoint": { N: "41" },
      ":checkpointCommit": { S: baseCommit },
      ":syncCount": { N: "42" },
      ":commit": { S: commit },
      ":changed": { N: "3" },
      ":digest": { S: emptyDigest },
      ":recordCount": { N: "9" },
      ":writers": { M: { rrrrrrrr: { S: commit } } },
      ":committedAt": { N: "1700000000000" },
      ":deleted": { BOOL: false },
      ":format": { N: "1" },
      ":change": { S: "notes/0000000000000042~" },
    });
  });

  it("makes a head only where there is none, with lineage and floor", () => {
    const first = { ...attempt, base: { syncCount: parseSyncCount(0), commit: null } };
    const update = commitRequest("table", place, first).TransactItems?.[0]?.Update;
    expect(update?.ConditionExpression).toBe("attribute_not_exists(#path)");
    expect(update?.ExpressionAttributeValues).toMatchObject({
      ":syncCount": { N: "1" },
      ":lineage": { S: "lineage" },
      ":floor": { N: "5" },
      ":swept": { BOOL: false },
    });
    expect(update?.ExpressionAttributeValues).not.toHaveProperty(":checkpoint");
  });

  it("names every placeholder that it uses, and no other: DynamoDB refuses both", () => {
    for (const head of [attempt.base, { syncCount: parseSyncCount(0), commit: null }]) {
      for (const { Update, Put } of commitRequest("table", place, { ...attempt, base: head }).TransactItems ?? []) {
        const text = `${Update?.UpdateExpression ?? ""} ${Update?.ConditionExpression ?? Put?.ConditionExpression}`;
        const { ExpressionAttributeNames: names = {}, ExpressionAttributeValues: values = {} } = Update ?? Put ?? {};
        expect(new Set(text.match(/#\w+/g))).toEqual(new Set(Object.keys(names)));
        expect(new Set(text.match(/:\w+/g))).toEqual(new Set(Object.keys(values)));
      }
    }
  });
});

describe("S-3: a record's condition", () => {
  it("is its base where that is live, else that nothing live above the floor is there", () => {
    const [, live, absent, gone] = commitRequest("table", place, attempt).TransactItems ?? [];
    expect(live?.Put?.ConditionExpression).toBe("#syncCount = :base AND #commit = :baseCommit");
    expect(live?.Put?.ExpressionAttributeValues).toEqual({ ":base": { N: "30" }, ":baseCommit": { S: base.commit } });
    expect(absent?.Put?.ConditionExpression).toBe(
      "attribute_not_exists(#path) OR #deleted = :true OR #syncCount <= :floor",
    );
    expect(absent?.Put?.ExpressionAttributeValues).toEqual({ ":true": { BOOL: true }, ":floor": { N: "5" } });
    expect(gone?.Put?.Item).toMatchObject({ deleted: { BOOL: true } });
  });
});

describe("S-5: the same attempt", () => {
  it("is the same request, byte for byte, also after it was stored and read again", () => {
    const stored = structuredClone(attempt);
    expect(JSON.stringify(commitRequest("table", place, stored))).toBe(
      JSON.stringify(commitRequest("table", place, attempt)),
    );
  });

  it("is the same request in every version of this code", () => {
    // If this fails, an app that updates itself between a lost answer and its repeat meets IdempotentParameterMismatch.
    expect(JSON.stringify(commitRequest("table", place, attempt))).toMatchInlineSnapshot(
      `"{"ClientRequestToken":"cccccccccccccccccccccc","ReturnConsumedCapacity":"TOTAL","TransactItems":[{"Update":{"TableName":"table","Key":{"identity":{"S":"eu-west-1:0000"},"path":{"S":"head/notes"}},"UpdateExpression":"SET #syncCount = :syncCount, #commit = :commit, #changed = :changed, #digest = :digest, #recordCount = :recordCount, #writers = :writers, #committedAt = :committedAt, #deleted = :deleted, #format = :format, #change = :change","ConditionExpression":"#syncCount = :checkpoint AND #commit = :checkpointCommit","ExpressionAttributeNames":{"#syncCount":"syncCount","#commit":"commit","#changed":"changed","#digest":"digest","#recordCount":"recordCount","#writers":"writers","#committedAt":"committedAt","#deleted":"deleted","#format":"format","#change":"change"},"ExpressionAttributeValues":{":syncCount":{"N":"42"},":commit":{"S":"cccccccccccccccccccccc"},":changed":{"N":"3"},":digest":{"S":"0000000000000000"},":recordCount":{"N":"9"},":writers":{"M":{"rrrrrrrr":{"S":"cccccccccccccccccccccc"}}},":committedAt":{"N":"1700000000000"},":deleted":{"BOOL":false},":format":{"N":"1"},":change":{"S":"notes/0000000000000042~"},":checkpoint":{"N":"41"},":checkpointCommit":{"S":"bbbbbbbbbbbbbbbbbbbbbb"}}}},{"Put":{"TableName":"table","Item":{"identity":{"S":"eu-west-1:0000"},"path":{"S":"record/notes/live"},"change":{"S":"notes/0000000000000042"},"syncCount":{"N":"42"},"commit":{"S":"cccccccccccccccccccccc"},"writer":{"S":"rrrrrrrr"},"modifiedAt":{"N":"1"},"schema":{"N":"1"},"format":{"N":"1"},"deleted":{"BOOL":false},"value":{"M":{"b":{"N":"1"},"a":{"N":"2"}}}},"ConditionExpression":"#syncCount = :base AND #commit = :baseCommit","ExpressionAttributeNames":{"#syncCount":"syncCount","#commit":"commit"},"ExpressionAttributeValues":{":base":{"N":"30"},":baseCommit":{"S":"aaaaaaaaaaaaaaaaaaaaaa"}}}},{"Put":{"TableName":"table","Item":{"identity":{"S":"eu-west-1:0000"},"path":{"S":"record/notes/new"},"change":{"S":"notes/0000000000000042"},"syncCount":{"N":"42"},"commit":{"S":"cccccccccccccccccccccc"},"writer":{"S":"rrrrrrrr"},"modifiedAt":{"N":"2"},"schema":{"N":"1"},"format":{"N":"1"},"deleted":{"BOOL":false},"value":{"S":"x"}},"ConditionExpression":"attribute_not_exists(#path) OR #deleted = :true OR #syncCount <= :floor","ExpressionAttributeNames":{"#path":"path","#deleted":"deleted","#syncCount":"syncCount"},"ExpressionAttributeValues":{":true":{"BOOL":true},":floor":{"N":"5"}}}},{"Put":{"TableName":"table","Item":{"identity":{"S":"eu-west-1:0000"},"path":{"S":"record/notes/gone"},"change":{"S":"notes/0000000000000042"},"syncCount":{"N":"42"},"commit":{"S":"cccccccccccccccccccccc"},"writer":{"S":"rrrrrrrr"},"modifiedAt":{"N":"3"},"schema":{"N":"1"},"format":{"N":"1"},"deleted":{"BOOL":true},"expiresAt":{"N":"1707776000"}},"ConditionExpression":"#syncCount = :base AND #commit = :baseCommit","ExpressionAttributeNames":{"#syncCount":"syncCount","#commit":"commit"},"ExpressionAttributeValues":{":base":{"N":"30"},":baseCommit":{"S":"aaaaaaaaaaaaaaaaaaaaaa"}}}}]}"`,
    );
  });
});
