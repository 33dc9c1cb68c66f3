import { emptyDigest } from "../digest.ts";
import {
  parseCommitId,
  parseDatasetName,
  parseIdentityId,
  parseRecordKey,
  parseReplicaId,
  parseSyncCount,
} from "../ids.ts";
import type { JsonValue } from "../json-value.ts";
import type { Attempt, SentRecord } from "../replica.ts";
import { describe, expect, it } from "vitest";
import { itemToRecord, recordToItem, rereadItem, type ParsedItem } from "./record-item.ts";
import type { WireItem } from "./attribute-value.ts";

const dataset = parseDatasetName("notes");
const key = parseRecordKey("a/b 中");
const place = { identity: parseIdentityId("eu-west-1:0000"), dataset };
const sent: SentRecord = { key, value: { text: "x", big: 1e100 }, modifiedAt: 1234, schema: 2, base: null };
const attempt: Attempt = {
  commit: parseCommitId("cccccccccccccccccccccc"),
  writer: parseReplicaId("rrrrrrrr"),
  base: { syncCount: parseSyncCount(41), commit: parseCommitId("bbbbbbbbbbbbbbbbbbbbbb") },
  records: [],
  digest: emptyDigest,
  recordCount: 0,
  floor: parseSyncCount(0),
  lineage: "l",
  writers: [],
  committedAt: 1_700_000_000_001,
  deletion: null,
};
const item: WireItem = recordToItem(sent, attempt, place);

const contentOf = (parsed: ParsedItem): unknown => (parsed.type === "record" ? parsed.record.content : parsed);

describe("a record as an item", () => {
  it("has exactly the attributes of the layout", () => {
    expect(item).toEqual({
      identity: { S: "eu-west-1:0000" },
      path: { S: "record/notes/a/b 中" },
      change: { S: "notes/0000000000000042" },
      syncCount: { N: "42" },
      commit: { S: "cccccccccccccccccccccc" },
      writer: { S: "rrrrrrrr" },
      modifiedAt: { N: "1234" },
      schema: { N: "2" },
      format: { N: "1" },
      deleted: { BOOL: false },
      value: { M: { text: { S: "x" }, big: { N: "1e+100" } } },
    });
  });

  it("is JSON text where DynamoDB's types can't hold the value", () => {
    const stored = recordToItem({ ...sent, value: { tiny: 5e-324 } }, attempt, place);
    expect(stored["json"]).toEqual({ S: '{"tiny":5e-324}' });
    expect(stored).not.toHaveProperty("value");
    expect(contentOf(itemToRecord(stored, dataset))).toEqual({ type: "live", value: { tiny: 5e-324 } });
  });

  it("is a tombstone that expires 90 days after its commit, in seconds", () => {
    const removed = recordToItem({ ...sent, value: undefined }, attempt, place);
    expect(removed["deleted"]).toEqual({ BOOL: true });
    expect(removed["expiresAt"]).toEqual({ N: String(1_700_000_001 + 90 * 24 * 60 * 60) });
    expect(removed).not.toHaveProperty("value");
    expect(contentOf(itemToRecord(removed, dataset))).toEqual({ type: "removed" });
  });

  it("is read back as it was sent", () => {
    const { modifiedAt, schema, value } = sent;
    expect(itemToRecord(item, dataset)).toEqual({
      type: "record",
      record: { key, syncCount: 42, commit: attempt.commit, modifiedAt, schema, content: { type: "live", value } },
    });
  });
});

describe("S-19: what can't be read", () => {
  it("of a newer format is kept whole, with key, count and commit", () => {
    const newer = { ...item, format: { N: "2" }, value: { S: "opaque" }, extra: { B: new Uint8Array([7]) } };
    const parsed = itemToRecord(newer, dataset);
    expect(parsed).toMatchObject({ type: "record", record: { key, syncCount: 42, commit: attempt.commit } });
    expect(contentOf(parsed)).toMatchObject({
      type: "unreadable",
      error: { code: "format-too-new", dataset, key },
      item: { ...newer, extra: { B: "Bw==" } },
    });
  });

  it.each<[string, WireItem]>([
    ["value", { value: { SS: ["a"] } }],
    ["value that is missing", { value: undefined }],
    ["value beside json", { json: { S: "1" } }],
    ["json that is none", { value: undefined, json: { S: "{" } }],
    ["json of another type", { value: undefined, json: { N: "1" } }],
    ["deleted", { deleted: { S: "true" } }],
    ["format", { format: { S: "1" } }],
    ["format that is missing", { format: undefined }],
    ["modifiedAt", { modifiedAt: { N: "1.5" } }],
    ["schema", { schema: { S: "2" } }],
  ])("with a damaged %s still counts", (_, damage) => {
    const parsed = itemToRecord({ ...item, ...damage }, dataset);
    expect(parsed).toMatchObject({ type: "record", record: { key, syncCount: 42, commit: attempt.commit } });
    expect(contentOf(parsed)).toMatchObject({ type: "unreadable", error: { code: "internal", dataset, key } });
  });

  it.each<[string, WireItem]>([
    ["syncCount", { syncCount: { N: "-1" } }],
    ["syncCount that is missing", { syncCount: undefined }],
    ["commit", { commit: { S: "short" } }],
    ["path", { path: { S: "record/notes/" } }],
    ["path of another dataset", { path: { S: "record/other/a" } }],
    ["path that is missing", { path: undefined }],
    ["path that is none", { path: { S: "x" } }],
  ])("with a damaged %s counts for nothing", (_, damage) => {
    expect(itemToRecord({ ...item, ...damage }, dataset)).toMatchObject({
      type: "damaged",
      damaged: { error: { code: "internal" } },
    });
  });

  it("is a tombstone whatever its format, where it says so", () => {
    const parsed = itemToRecord(
      { ...item, deleted: { BOOL: true }, format: { N: "9" }, modifiedAt: { S: "?" } },
      dataset,
    );
    expect(contentOf(parsed)).toEqual({ type: "removed" });
  });

  it("is read by the version that knows it, without a new pull", () => {
    const kept: JsonValue = JSON.parse(JSON.stringify(item));
    expect(rereadItem(kept)).toMatchObject({ key, syncCount: 42, content: { type: "live", value: sent.value } });
    for (const still of [
      null,
      1,
      [],
      {},
      { path: { S: "head/notes" } },
      JSON.parse(JSON.stringify({ ...item, format: { N: "2" } })),
    ]) {
      expect(rereadItem(still)).toBeNull();
    }
  });
});
