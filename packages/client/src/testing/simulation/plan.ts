// What kind of run a seed makes: how many devices, which datasets, what may go wrong and how often.
import { askUser, byPath, counter, localWins, newestWins, remoteWins, type AnyResolver } from "@holdfast/core";
import { seededRandom } from "../seeded-random.ts";
import { simulatedFaults, type SimulatedFault } from "./faults.ts";

interface DatasetPlan {
  readonly name: string;
  readonly resolver: AnyResolver;
  readonly isAsked: boolean;
  readonly hasDeletions: boolean;
  readonly keys: readonly string[];
}

export interface Plan {
  readonly seed: number;
  readonly steps: number;
  /** Tabs of each device. */
  readonly devices: readonly number[];
  readonly identities: number;
  readonly datasets: readonly DatasetPlan[];
  readonly faults: ReadonlySet<SimulatedFault>;
  /** How likely something goes wrong with what happens. */
  readonly faultRate: number;
  /** How likely an app asks for something, rather than that something under way goes on. */
  readonly callRate: number;
  readonly pageSize: number;
  readonly isAutomatic: boolean;
  readonly isClockCorrected: boolean;
}

export interface PlanOptions {
  readonly seed: number;
  readonly replicas: number;
  readonly steps: number;
  /** Default: some of all, other ones with each seed. */
  readonly faults?: readonly SimulatedFault[] | undefined;
}

const resolvers: readonly AnyResolver[] = [newestWins, newestWins, askUser, localWins, remoteWins];

export function planRun({ seed, replicas, steps, faults }: PlanOptions): Plan {
  const random = seededRandom(seed);
  const chance = (rate: number): boolean => random() < rate;
  const pick = <T>(list: readonly [T, ...T[]]): T => list[Math.floor(random() * list.length)] ?? list[0];
  const chosen = faults ?? simulatedFaults.filter(() => chance(0.4));
  const datasets = ["one", "two"].slice(0, chance(0.6) ? 1 : 2).map((name): DatasetPlan => {
    const resolver = resolvers[Math.floor(random() * resolvers.length)] ?? newestWins;
    const keys = ["o1", "o2", "n1", "own"];
    return {
      ...{ name, isAsked: resolver === askUser, hasDeletions: chance(0.3), keys },
      resolver: byPath({ "/count": counter() }, resolver),
    };
  });
  return {
    ...{ seed, steps, datasets, faults: new Set(chosen) },
    devices: Array.from({ length: replicas }, () => (chance(0.3) ? 2 : 1)),
    identities: pick([1, 1, 1, 2, 3]),
    faultRate: pick([0.02, 0.05, 0.15]),
    callRate: pick([0.03, 0.08, 0.15]),
    pageSize: chosen.includes("pages") ? pick([1, 2, 3]) : 1_000,
    isAutomatic: chance(0.4),
    isClockCorrected: chance(0.7),
  };
}
