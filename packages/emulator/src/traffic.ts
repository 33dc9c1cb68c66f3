// Counts what came in, for tests and benchmarks that want to know what a sync costs.
import { isObject, type JsonObject } from "./json.ts";

export interface Traffic {
  /** DynamoDB requests by action, lost and refused ones included. */
  readonly requests: Readonly<Record<string, number>>;
  /** The same of Cognito. */
  readonly cognitoRequests: Readonly<Record<string, number>>;
  /** By the engine's ConsumedCapacity, so only of requests that asked for it (ReturnConsumedCapacity). */
  readonly readUnits: number;
  readonly writeUnits: number;
}

const readActions: ReadonlySet<string> = new Set(["GetItem", "Query", "TransactGetItems"]);

export class TrafficCounter {
  #requests: Record<string, number> = {};
  #cognitoRequests: Record<string, number> = {};
  #readUnits = 0;
  #writeUnits = 0;

  count(service: "dynamodb" | "cognito", action: string): void {
    const counts = service === "dynamodb" ? this.#requests : this.#cognitoRequests;
    counts[action] = (counts[action] ?? 0) + 1;
  }

  /** The engine's answer to a request that asked for its capacity. */
  countUnits(action: string, answer: unknown): void {
    const consumed = isObject(answer) ? answer["ConsumedCapacity"] : undefined;
    for (const capacity of Array.isArray(consumed) ? consumed : [consumed]) {
      if (!isObject(capacity)) continue;
      const total = numberAt(capacity, "CapacityUnits") ?? 0;
      const isRead = readActions.has(action) || numberAt(capacity, "ReadCapacityUnits") === total;
      if (isRead) this.#readUnits += total;
      else this.#writeUnits += total;
    }
  }

  snapshot(): Traffic {
    return {
      requests: { ...this.#requests },
      cognitoRequests: { ...this.#cognitoRequests },
      readUnits: this.#readUnits,
      writeUnits: this.#writeUnits,
    };
  }

  reset(): void {
    this.#requests = {};
    this.#cognitoRequests = {};
    this.#readUnits = 0;
    this.#writeUnits = 0;
  }
}

function numberAt(object: JsonObject, name: string): number | undefined {
  const value = object[name];
  return typeof value === "number" ? value : undefined;
}
