import { describe, expect, it } from "vitest";
import { isSyncError } from "./sync-error.ts";
import { parseValue, storageForm, utf8Bytes, type JsonValue } from "./json-value.ts";
import * as limits from "./limits.ts";

const codeOf = (input: JsonValue): string => {
  try {
    return storageForm(parseValue(input)).form;
  } catch (error) {
    return isSyncError(error) ? error.code : String(error);
  }
};

describe("limits", () => {
  it("C41: a value's limit counts bytes: 110,000 code units may be too many, 180,000 letters are not", () => {
    expect(codeOf({ t: "😀".repeat(55_000) })).toBe("value-too-large");
    expect(codeOf({ t: "a".repeat(180_000) })).toBe("native");
  });

  it("C41: the error says how many bytes there are, and how many there may be", () => {
    const value = parseValue({ t: "😀".repeat(55_000) });
    expect(() => storageForm(value)).toThrow(`${utf8Bytes(JSON.stringify(value))} bytes`);
    expect(() => storageForm(value)).toThrow(String(limits.valueBytesMax));
  });

  it("C43: numbers that DynamoDB can't hold are stored as text", () => {
    expect(codeOf({ a: 1e100, b: 9007199254740992, c: 0.1, d: -0.000001 })).toBe("native");
    expect([codeOf({ a: 1e200 }), codeOf({ a: 5e-324 })]).toEqual(["json", "json"]);
  });

  it("C42: the longest key in the longest dataset's name fits into DynamoDB's sort key", () => {
    expect("record//".length + limits.datasetNameLengthMax + limits.keyBytesMax).toBeLessThanOrEqual(1_024);
  });

  it("S-2: a full commit fits into one transaction, and any single record into a commit", () => {
    expect(limits.commitRecordsMax + 1).toBeLessThanOrEqual(100);
    expect(limits.commitBytesMax).toBeLessThan(4_000_000);
    const largestRecord = limits.valueBytesMax + limits.keyBytesMax + limits.recordOverheadBytes;
    expect(largestRecord).toBeLessThan(limits.commitBytesMax);
    // The item and its entry in the local index together.
    expect(2 * largestRecord).toBeLessThanOrEqual(400 * 1024 + 2 * limits.recordOverheadBytes);
  });

  it("S-8: a pull that does not verify is read again after 200 ms to 5 s, three times", () => {
    expect([limits.rereadDelayMs, limits.pullTriesMax]).toEqual([{ min: 200, max: 5_000 }, 3]);
  });

  it("S-14: the wait after throttling begins at 50 ms and ends at 5 s", () => {
    expect(limits.backoffDelayMs).toEqual({ first: 50, max: 5_000 });
  });
});
