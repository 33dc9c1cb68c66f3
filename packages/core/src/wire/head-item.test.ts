import { parseDatasetName } from "../ids.ts";
import { describe, expect, it } from "vitest";
import type { WireItem } from "./attribute-value.ts";
import { itemToHead } from "./head-item.ts";

const dataset = parseDatasetName("notes");
const item: WireItem = {
  syncCount: { N: "7" },
  commit: { S: "cccccccccccccccccccccc" },
  changed: { N: "2" },
  digest: { S: "00000000000000ff" },
  recordCount: { N: "5" },
  floor: { N: "3" },
  deleted: { BOOL: false },
  swept: { BOOL: false },
  lineage: { S: "l" },
  writers: { M: { rrrrrrrr: { S: "cccccccccccccccccccccc" } } },
  committedAt: { N: "1700000000000" },
  format: { N: "1" },
};

describe("a head", () => {
  it("is read", () => {
    expect(itemToHead(item, dataset)).toEqual({
      syncCount: 7,
      commit: "cccccccccccccccccccccc",
      changed: 2,
      digest: "00000000000000ff",
      recordCount: 5,
      floor: 3,
      deleted: false,
      swept: false,
      lineage: "l",
      writers: new Map([["rrrrrrrr", "cccccccccccccccccccccc"]]),
      committedAt: 1_700_000_000_000,
      format: 1,
    });
  });

  it("of a newer format is read as far as it goes; who writes looks at the format", () => {
    expect(itemToHead({ ...item, format: { N: "2" }, news: { S: "x" } }, dataset)).toMatchObject({
      format: 2,
      syncCount: 7,
    });
  });

  const needed = Object.keys(item).filter((name) => name !== "swept");
  it.each(needed)("without a good %s is an error, never absent", (name) => {
    for (const damage of [undefined, { SS: ["x"] }, { N: "-0.5" }, { M: { x: { S: "y" } } }]) {
      expect(() => itemToHead({ ...item, [name]: damage }, dataset)).toThrowError(
        expect.objectContaining({ name: "SyncError", code: "internal" }),
      );
    }
  });

  it("that a newer format made unreadable says so", () => {
    expect(() => itemToHead({ ...item, format: { N: "2" }, digest: { S: "sha256:…" } }, dataset)).toThrowError(
      expect.objectContaining({ code: "format-too-new" }),
    );
  });
});
