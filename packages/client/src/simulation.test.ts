// Devices of one or more identities in a simulated world, by seeds: what goes wrong is decided by chance that can be
// repeated. `npm run soak` runs the same for as long as one likes.
import { describe, expect, it } from "vitest";
import { simulate, simulationFaults } from "./testing/index.ts";

/** HOLDFAST_SIMULATION_RUNS: how many seeds; more than the default are a soak. */
const runs = Number(process.env["HOLDFAST_SIMULATION_RUNS"] ?? 350);

const happened = new Map<string, number>();

describe("simulation", { timeout: 600_000 }, () => {
  it("S-1 to S-16: no acknowledged write is lost, all become equal, and nothing that is said is untrue", async () => {
    for (let seed = 1; seed <= runs; seed += 1) {
      const report = await simulate({ seed, replicas: 2 + (seed % 3), steps: 1_500 });
      for (const [what, times] of Object.entries(report.happenings)) {
        happened.set(what, (happened.get(what) ?? 0) + times);
      }
      expect(report.violations, `seed ${seed}:\n${report.script.join("\n")}\n`).toEqual([]);
    }
  });

  it("each kind of fault has happened in these runs", () => {
    // Of these each run has all or none: they are how its cloud is, not what happens to it.
    const circumstances = ["half-seen", "pages"];
    const missing = simulationFaults.filter((fault) => !happened.has(fault) && !circumstances.includes(fault));
    expect(missing).toEqual([]);
    for (const outcome of [
      "commit committed",
      "commit stale",
      "commit record-refused",
      "late stale",
      "deletion planned",
      "conflict record settled of a group",
    ]) {
      expect(happened.get(outcome) ?? 0, outcome).toBeGreaterThan(0);
    }
  });

  it("the same seed makes the same run", async () => {
    const options = { seed: 7, replicas: 4, steps: 1_000 };
    expect(await simulate(options)).toEqual(await simulate(options));
  });

  it("eight devices come to rest as two do", async () => {
    for (let seed = 1; seed <= 3; seed += 1) {
      const { violations, script } = await simulate({ seed, replicas: 8, steps: 3_000 });
      expect(violations, `seed ${seed}:\n${script.join("\n")}\n`).toEqual([]);
    }
  });

  it("what can't be simulated is refused", async () => {
    await expect(simulate({ seed: 1, replicas: 9, steps: 1 })).rejects.toThrow("2 to 8 replicas");
    await expect(simulate({ seed: 1, replicas: 2, steps: 0 })).rejects.toThrow("at least one step");
    await expect(simulate({ seed: 0.5, replicas: 2, steps: 1 })).rejects.toThrow("whole number");
    await expect(simulate({ seed: 1, replicas: 2, steps: 1, faults: ["rain"] })).rejects.toThrow('no fault "rain"');
  });
});
