import { describe, expect, it } from "vitest";
import {
  isRecordKey,
  nextSyncCount,
  parseCommitId,
  parseDatasetName,
  parseDeclaredName,
  parseIdentityId,
  parseRecordKey,
  parseReplicaId,
  parseSyncCount,
} from "./ids.ts";
import { datasetNameLengthMax, declaredNameLengthMax, keyBytesMax } from "./limits.ts";
import { isSyncError, type SyncErrorInfo } from "./sync-error.ts";

function errorOf(parse: (input: unknown) => unknown, input: unknown): SyncErrorInfo | undefined {
  try {
    parse(input);
  } catch (error) {
    if (isSyncError(error)) return error.info;
    throw error;
  }
  return undefined;
}

describe("parseRecordKey", () => {
  it.each<readonly [string, unknown]>([
    ["C42: an empty key", ""],
    ["C42: a key of 801 bytes in 267 characters", "中".repeat(267)],
    ["801 bytes of ASCII", "k".repeat(801)],
    ["half of a surrogate pair", "a\ud800"],
    ["no string", 7],
    ["nothing", undefined],
  ])("refuses %s", (_what, input) => {
    expect(errorOf(parseRecordKey, input)?.code).toBe("invalid-key");
    expect(isRecordKey(input)).toBe(false);
  });

  it.each(["中".repeat(266), "k".repeat(keyBytesMax), "😀".repeat(keyBytesMax / 4), " ", "a/b\n", "__proto__"])(
    "C42: takes what has at most 800 bytes (%#)",
    (input) => {
      expect(parseRecordKey(input)).toBe(input);
      expect(isRecordKey(input)).toBe(true);
    },
  );

  it("says what is wrong, with the limit, and not the whole key", () => {
    const message = errorOf(parseRecordKey, "中".repeat(267))?.message ?? "";
    expect(message).toContain("801 bytes");
    expect(message).toContain(`${keyBytesMax} bytes`);
    expect(message.length).toBeLessThan(300);
  });
});

describe("names of datasets", () => {
  it.each(["", "a b", "a/b", "é", "a\n", "x".repeat(datasetNameLengthMax + 1), null, {}])("refuse %j", (input) => {
    expect(errorOf(parseDatasetName, input)?.code).toBe("invalid-name");
  });

  it.each(["a", "A-Z_0.9:-", "x".repeat(datasetNameLengthMax)])("take %j", (input) => {
    expect(parseDatasetName(input)).toBe(input);
  });

  it("are shorter where an app declares them, so that a copy's name still fits", () => {
    const longest = "x".repeat(declaredNameLengthMax);
    expect(parseDeclaredName(longest)).toBe(longest);
    expect(errorOf(parseDeclaredName, `${longest}x`)?.code).toBe("invalid-name");
    const identityId = `us-gov-east-1:${"0".repeat(36)}`;
    expect(parseDatasetName(`${longest}.${identityId}`)).toHaveLength(longest.length + 1 + identityId.length);
  });
});

describe("ids that only Holdfast makes", () => {
  it.each<readonly [string, (input: unknown) => unknown, readonly unknown[], unknown]>([
    ["a sync count", parseSyncCount, [-1, 1.5, NaN, Infinity, 2 ** 53, "1", null, undefined], 2 ** 53 - 1],
    [
      "a commit id",
      parseCommitId,
      ["", "A".repeat(21), "A".repeat(23), `${"A".repeat(21)}=`, 1],
      "A-_9".padEnd(22, "z"),
    ],
    ["a replica id", parseReplicaId, ["", "A".repeat(7), "A".repeat(9), "A".repeat(7) + "\n", null], "aZ09-_aa"],
    ["an identity id", parseIdentityId, ["", "no-colon", ":", "a:", "a:b:c", "a:b/c", 1], "eu-central-1:0a-b"],
  ])("%s is refused as damaged where it is none", (_what, parse, bad, good) => {
    for (const input of bad) expect(errorOf(parse, input)?.code).toBe("internal");
    expect(parse(good)).toBe(good);
  });

  it("a sync count has a successor as long as it is exact", () => {
    expect(nextSyncCount(parseSyncCount(41))).toBe(42);
    expect(errorOf(() => nextSyncCount(parseSyncCount(2 ** 53 - 1)), undefined)?.code).toBe("internal");
  });
});
