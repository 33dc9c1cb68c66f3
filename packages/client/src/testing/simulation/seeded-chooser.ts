// Chooses what happens next in a simulated run, by its seed.
import { callTypes, type CallType, type Decision } from "./decision.ts";
import { type SimulatedFault } from "./faults.ts";
import { seededRandom } from "../seeded-random.ts";
import type { World } from "./world.ts";

/** How often an app asks for what, relative to each other. */
const callWeights: Readonly<Record<CallType, number>> = {
  ...{ update: 20, put: 8, remove: 6, count: 6, own: 10, bulk: 2, transfer: 8 },
  ...{ synchronize: 20, verify: 2, "when-synced": 2, delete: 2, resolve: 3, retry: 1, discard: 1 },
};

/** What happens by itself, relative to each other. */
const happeningWeights: Partial<Record<SimulatedFault, number>> = {
  ...{ crash: 10, offline: 6, frozen: 6, hidden: 3, clock: 2, evicted: 1, "stolen-lock": 6 },
  ...{ "went-back": 2, "direct-write": 1, "refused-record": 4, "expired-tombstones": 2 },
};

export class SeededChooser {
  readonly #world: World;
  readonly #random: () => number;
  readonly #calls: readonly CallType[];
  readonly #happenings: readonly SimulatedFault[];

  constructor(world: World) {
    const { plan } = world;
    this.#world = world;
    this.#random = seededRandom(plan.seed ^ 0x5eed);
    this.#calls = callTypes.flatMap((call) => {
      const isPossible =
        (call !== "delete" || plan.datasets.some(({ hasDeletions }) => hasDeletions)) &&
        ((call !== "retry" && call !== "discard") || plan.faults.has("refused-record"));
      return isPossible ? Array.from({ length: callWeights[call] }, () => call) : [];
    });
    this.#happenings = [...plan.faults].flatMap((fault) =>
      Array.from({ length: happeningWeights[fault] ?? 0 }, () => fault),
    );
  }

  next(): Decision {
    const { plan, scheduler, lanes, tabs } = this.#world;
    const chance = this.#random();
    if (chance < plan.callRate) return this.#call();
    if (this.#happenings.length > 0 && chance < plan.callRate + plan.faultRate / 5) return this.#happening();
    if (chance > 0.995) return { type: "time" };
    let lane = this.#pick(lanes);
    // What comes late comes much later.
    if (lane?.name.endsWith("late") && this.#random() < 0.9) lane = this.#pick(lanes);
    const [task] = lane?.tasks ?? [];
    if (lane && task) {
      const faults = this.#random() < plan.faultRate ? task.faults.filter((fault) => plan.faults.has(fault)) : [];
      return { type: "task", lane: lane.name, task: task.name, fault: this.#pick(faults) ?? null };
    }
    if (scheduler.hasAwaitedTimer || this.#random() < 0.3) return { type: "time" };
    const frozen = tabs.find(({ isFrozen }) => isFrozen);
    if (frozen && this.#random() < 0.3) return { type: "fault", fault: "frozen", on: frozen.name, amount: 0 };
    return this.#call();
  }

  #call(): Decision {
    const { plan, tabs } = this.#world;
    const call = this.#pick(this.#calls) ?? "synchronize";
    const dataset = this.#pick(plan.datasets);
    const tab = this.#pick(tabs)?.name ?? "";
    const place = this.#random() < 0.6 ? "x" : "y";
    const name = call === "delete" && !dataset?.hasDeletions ? "synchronize" : call;
    return { type: "call", tab, call: name, dataset: dataset?.name ?? "", key: this.#keyOf(call), place };
  }

  #keyOf(call: CallType): string {
    if (call === "synchronize") return this.#random() < 0.5 ? "all" : "one";
    return this.#random() < 0.6 ? "o1" : "o2";
  }

  #happening(): Decision {
    const fault = this.#pick(this.#happenings) ?? "crash";
    const on = this.#pick(this.#world.tabs)?.name ?? "";
    return { type: "fault", fault, on, amount: Math.floor(this.#random() * 12) };
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list.length === 0 ? undefined : list[Math.floor(this.#random() * list.length)];
  }
}
