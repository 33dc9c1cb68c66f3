import { describe, expect, it } from "vitest";
import { itemSize, storedSize } from "./item-size.ts";

describe("itemSize", () => {
  it.each([
    [{ a: { S: "äöü" } }, 1 + 6],
    [{ a: { N: "0" } }, 1 + 1],
    [{ a: { N: "123" } }, 1 + 3],
    [{ a: { N: "-1200.50" } }, 1 + 5],
    [{ a: { N: "1e100" } }, 1 + 2],
    [{ a: { B: "AAECAw==" } }, 1 + 4],
    [{ a: { BOOL: false } }, 1 + 1],
    [{ a: { NULL: true } }, 1 + 1],
    [{ a: { SS: ["ab", "c"] } }, 1 + 3],
    [{ a: { NS: ["12", "3"] } }, 1 + 4],
    [{ a: { BS: ["AA=="] } }, 1 + 1],
    [{ a: { L: [{ S: "x" }, { L: [] }] } }, 1 + 3 + 2 + 4],
    [{ a: { M: { bc: { S: "x" } } } }, 1 + 3 + 4],
    [{ a: "no attribute value" }, 1],
  ])("of %j is %i", (item, size) => {
    expect(itemSize(item)).toBe(size);
  });
});

describe("storedSize", () => {
  it("counts an item twice that is in the index", () => {
    expect(storedSize({ a: { S: "1" } })).toBe(2);
    expect(storedSize({ a: { S: "1" }, change: { S: "" } })).toBe(16);
  });
});
