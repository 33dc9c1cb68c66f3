import { describe, expect, it } from "vitest";
import { correctedOffset } from "./cloud-clock.ts";

const day = 24 * 60 * 60_000;

describe("the offset of the cloud's clock", () => {
  it("stays where the header agrees with it", () => {
    expect(correctedOffset(0, { date: 10_000, sentAt: 10_200, receivedAt: 10_900 })).toBe(0);
    expect(correctedOffset(0, { date: 10_000, sentAt: 10_990, receivedAt: 11_400 })).toBe(0);
    expect(correctedOffset(-500, { date: 10_000, sentAt: 11_000, receivedAt: 11_100 })).toBe(-500);
  });

  it("moves no further than the header proves", () => {
    expect(correctedOffset(0, { date: 10_000, sentAt: 12_000, receivedAt: 12_100 })).toBe(-1000);
    expect(correctedOffset(0, { date: 10_000, sentAt: 8_000, receivedAt: 8_100 })).toBe(1_900);
  });

  it("corrects a clock that is a day off, both ways", () => {
    for (const wrong of [day, -day]) {
      const offset = correctedOffset(0, { date: 50_000, sentAt: 50_100 + wrong, receivedAt: 50_300 + wrong });
      expect(Math.abs(offset + wrong)).toBeLessThan(1_000);
    }
  });

  it("ignores a header that is no date", () => {
    expect(correctedOffset(42, { date: Number.NaN, sentAt: 1, receivedAt: 2 })).toBe(42);
  });
});
