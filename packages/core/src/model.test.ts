// A part of the model of the sync rules; `npm run model` looks through all of it.
import { describe, expect, it } from "vitest";
import { asBuilt } from "../test/model/rules.ts";
import { offeredAgain, scenarios, variants } from "../test/model/scenarios.ts";
import { explore, replay } from "../test/model/search.ts";

describe("the model of the sync rules", { timeout: 120_000 }, () => {
  it.each([scenarios.restoredFar, scenarios.tabs])("S-1 to S-15 hold in every state of: $says", (scenario) => {
    const { isExhausted, states, found } = explore({ scenario, rules: asBuilt });
    expect(found).toEqual([]);
    expect(isExhausted).toBe(true);
    expect(states).toBeGreaterThan(100_000);
  });

  it("S-4 holds in the trace that it is for", () => {
    expect(replay({ scenario: scenarios.threeRestored, rules: asBuilt }, offeredAgain).found).toEqual([]);
  });

  it.each(variants)("without $breaks something breaks: $says", ({ rules, scenario, trace }) => {
    const setting = { rules, scenario };
    const { found } = trace ? replay(setting, trace) : explore(setting, { kinds: 1 });
    expect(found).not.toEqual([]);
  });
});
