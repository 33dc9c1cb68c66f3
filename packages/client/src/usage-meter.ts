// What the cloud was asked for since the client was created, in requests and in DynamoDB's capacity units.
import type { ClientUsage, Usage, UsageByPurpose } from "./api.ts";
import { LiveValue } from "./live.ts";
import type { Cost } from "./remote-store.ts";

const nothing: Usage = Object.freeze({ requests: 0, readUnits: 0, writeUnits: 0 });

export interface Budget {
  readonly readUnits?: number;
  readonly writeUnits?: number;
}

export class UsageMeter {
  readonly live = new LiveValue<ClientUsage>({
    ...nothing,
    byDataset: {},
    byPurpose: { push: nothing, pull: nothing, poll: nothing, verify: nothing },
    overBudget: false,
  });
  readonly #budget: Budget;

  constructor(budget: Budget = {}) {
    this.#budget = budget;
  }

  /** `dataset` null: a request for all of them. */
  count(dataset: string | null, purpose: keyof UsageByPurpose, cost: Cost): void {
    const { byDataset, byPurpose, ...total } = this.live.getSnapshot();
    const sum = added(total, cost);
    const { readUnits = Infinity, writeUnits = Infinity } = this.#budget;
    this.live.set({
      ...sum,
      byDataset: dataset === null ? byDataset : { ...byDataset, [dataset]: added(byDataset[dataset] ?? nothing, cost) },
      byPurpose: { ...byPurpose, [purpose]: added(byPurpose[purpose], cost) },
      overBudget: sum.readUnits > readUnits || sum.writeUnits > writeUnits,
    });
  }
}

const added = (usage: Usage, cost: Cost): Usage =>
  Object.freeze({
    requests: usage.requests + cost.requests,
    readUnits: usage.readUnits + cost.readUnits,
    writeUnits: usage.writeUnits + cost.writeUnits,
  });
