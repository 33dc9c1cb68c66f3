import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { diffText } from "./text-diff.ts";

const piece = fc.constantFrom("a", "b", "ab", " ", "  ", "\n", "\r\n", "\t", "é", "😀", "😁", "word", "word,", ".");
const text = fc.array(piece, { maxLength: 40, size: "max" }).map((pieces) => pieces.join(""));
/** Two texts that have most in common. */
const pair = fc
  .tuple(text, text, text, text, text)
  .map(([start, from, middle, to, end]) => [`${start}${from}${middle}${end}`, `${start}${middle}${to}${end}`] as const);

describe("the difference of two texts", () => {
  it("makes the second of the first, by hunks in order that do not touch and change something", () => {
    const property = fc.property(fc.oneof(pair, fc.tuple(text, text)), ([from, to]) => {
      let made = "";
      let at = 0;
      for (const { start, end, text: added } of diffText(from, to)) {
        expect(start === 0 || start > at || at === 0).toBe(true);
        expect(from.slice(start, end)).not.toBe(added);
        made += from.slice(at, start) + added;
        at = end;
      }
      expect(made + from.slice(at)).toBe(to);
    });
    fc.assert(property, { seed: 20_261_127, numRuns: 5_000 });
  });

  it("never parts a surrogate pair", () => {
    const property = fc.property(pair, ([from, to]) => {
      for (const { start, end, text: added } of diffText(from, to)) {
        for (const part of [from.slice(0, start), from.slice(start, end), from.slice(end), added]) {
          expect(part).not.toMatch(/\p{Surrogate}/u);
        }
      }
    });
    fc.assert(property, { seed: 20_261_127, numRuns: 2_000 });
  });
});
