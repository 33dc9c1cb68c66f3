import { describe, expect, it } from "vitest";
import { DigestSum, emptyDigest, hashVersion, murmur64 } from "./digest.ts";
import { parseCommitId, parseRecordKey, parseSyncCount } from "./ids.ts";

const version = (key: string, count: number, fill: string) => ({
  key: parseRecordKey(key),
  syncCount: parseSyncCount(count),
  commit: parseCommitId(fill.repeat(22)),
});

describe("S-1: the digest", () => {
  it("hashes as MurmurHash3 x86 128 does", () => {
    const text = "The quick brown fox jumps over the lazy dog";
    const words = murmur64(Uint8Array.from(text, (letter) => letter.charCodeAt(0)));
    expect(words.map((word) => word.toString(16))).toEqual(["2f1583c3", "ecee2c67"]);
  });

  it("is a sum: what is added and subtracted leaves nothing, in any order", () => {
    const versions = [version("a", 1, "A"), version("中😀", 2, "B"), version("é", 3, "C")];
    const sum = new DigestSum();
    for (const each of versions) sum.add(each);
    const full = sum.digest;
    const reversed = new DigestSum();
    for (const each of versions.toReversed()) reversed.add(each);
    expect(reversed.digest).toBe(full);
    for (const each of versions) sum.subtract(each);
    expect([sum.digest, sum.recordCount]).toEqual([emptyDigest, 0]);
  });

  it("carries on from where it was stored", () => {
    const sum = new DigestSum();
    sum.add(version("a", 1, "A"));
    const resumed = new DigestSum(sum.digest, sum.recordCount);
    resumed.add(version("b", 1, "A"));
    sum.add(version("b", 1, "A"));
    expect(resumed.digest).toBe(sum.digest);
  });

  it("tells apart versions that differ in key, count or commit alone", () => {
    const hashes = [version("a", 1, "A"), version("b", 1, "A"), version("a", 2, "A"), version("a", 1, "B")].map(
      (each) => hashVersion(each).join(),
    );
    expect(new Set(hashes).size).toBe(4);
  });
});
