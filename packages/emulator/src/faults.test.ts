import { describe, expect, it } from "vitest";
import { FaultInjector, parseFaults } from "./faults.ts";

describe("FaultInjector", () => {
  it("strikes a counted number of times, and only at the action that is named", () => {
    const injector = new FaultInjector();
    injector.set({ throttled: { times: 2, action: "Query" } });
    const faults = ["GetItem", "Query", "Query", "Query"].map((action) => injector.next(action).fault);
    expect(faults).toEqual([null, "throttled", "throttled", null]);
  });

  it("strikes by probability, the same way for the same seed", () => {
    const strikes = (seed: number) => {
      const injector = new FaultInjector();
      injector.set({ lostAnswers: 0.5, seed });
      return Array.from({ length: 200 }, () => injector.next("Query").fault !== null);
    };
    const count = strikes(7).filter(Boolean).length;
    expect(count).toBeGreaterThan(70);
    expect(count).toBeLessThan(130);
    expect(strikes(7)).toEqual(strikes(7));
    expect(strikes(7)).not.toEqual(strikes(8));
  });

  it("strikes by probability at one action", () => {
    const injector = new FaultInjector();
    injector.set({ serverErrors: { probability: 1, action: "GetId" } });
    expect([injector.next("GetId").fault, injector.next("Query").fault]).toEqual(["serverErrors", null]);
  });

  it("waits within the range", () => {
    const injector = new FaultInjector();
    injector.set({ latencyMs: { min: 10, max: 20 } });
    const waits = Array.from({ length: 100 }, () => injector.next("Query").latencyMs);
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...waits)).toBeLessThanOrEqual(20);
    expect(new Set(waits).size).toBeGreaterThan(1);
  });

  it("forgets everything when it is set anew", () => {
    const injector = new FaultInjector();
    injector.set({ throttled: 1, latencyMs: 5 });
    injector.set({});
    expect(injector.next("Query")).toEqual({ latencyMs: 0, fault: null });
  });
});

describe("parseFaults", () => {
  it("takes every fault", () => {
    const faults = {
      latencyMs: 1,
      lostRequests: 0.1,
      lostAnswers: { times: 1 },
      throttled: { probability: 0.5 },
      serverErrors: { times: 1, action: "Query" },
      credentialsLifetimeMs: 1000,
      dateOffsetMs: -1000,
      seed: 3,
    };
    expect(parseFaults(faults)).toEqual(faults);
  });

  it.each([
    null,
    [],
    { lost: 1 },
    { latencyMs: -1 },
    { latencyMs: { min: 2, max: 1 } },
    { lostRequests: 2 },
    { throttled: { times: 1, probability: 1 } },
    { throttled: { times: 1, action: 1 } },
    { seed: "1" },
  ])("refuses %j", (faults) => {
    expect(() => parseFaults(faults)).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });
});
