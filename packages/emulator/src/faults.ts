// Faults that can be switched on: which of them meets a request is decided here, and nothing is done here.
import { EmulatorError } from "./emulator-error.ts";
import { isObject, type JsonObject } from "./json.ts";

/**
 * How often: a probability from 0 to 1 for every request, or the next `times` requests, or a probability for one action
 * (`TransactWriteItems`, `GetId`, ...).
 */
export type Chance =
  | number
  | { readonly times: number; readonly action?: string }
  | { readonly probability: number; readonly action?: string };

/** What is left out does not happen. */
export interface Faults {
  /** Milliseconds that a request waits before anything is done with it. */
  readonly latencyMs?: number | { readonly min: number; readonly max: number };
  /** The connection breaks before the request is looked at: nothing is applied. */
  readonly lostRequests?: Chance;
  /** The request is carried out, then the connection breaks before the answer. */
  readonly lostAnswers?: Chance;
  /** ThrottlingException from DynamoDB, TooManyRequestsException from Cognito. */
  readonly throttled?: Chance;
  /** HTTP 500. */
  readonly serverErrors?: Chance;
  /** How long credentials given out from now on last. Default one hour. */
  readonly credentialsLifetimeMs?: number;
  /** How far the emulated cloud's clock is ahead of this machine's; negative: behind. */
  readonly dateOffsetMs?: number;
  /** Where the randomness begins. Default 1. */
  readonly seed?: number;
}

export type FaultType = "lostRequests" | "throttled" | "serverErrors" | "lostAnswers";

export interface Fate {
  readonly latencyMs: number;
  readonly fault: FaultType | null;
}

const chanceNames: readonly FaultType[] = ["lostRequests", "throttled", "serverErrors", "lostAnswers"];
const numberNames = ["credentialsLifetimeMs", "dateOffsetMs", "seed"];

/** The faults that are on, and how many of the counted ones are left. */
export class FaultInjector {
  #faults: Faults = {};
  #left = new Map<FaultType, number>();
  #random = randomFrom(1);

  get faults(): Faults {
    return this.#faults;
  }

  /** Replaces all of them. */
  set(faults: Faults): void {
    this.#faults = faults;
    this.#random = randomFrom(faults.seed ?? 1);
    this.#left = new Map();
    for (const name of chanceNames) {
      const chance = faults[name];
      if (typeof chance === "object" && "times" in chance) this.#left.set(name, chance.times);
    }
  }

  /** What happens to the next request of this action. */
  next(action: string): Fate {
    const { latencyMs = 0 } = this.#faults;
    return {
      latencyMs:
        typeof latencyMs === "number" ? latencyMs : latencyMs.min + this.#random() * (latencyMs.max - latencyMs.min),
      fault: chanceNames.find((name) => this.#strikes(name, action)) ?? null,
    };
  }

  #strikes(name: FaultType, action: string): boolean {
    const chance = this.#faults[name];
    if (chance === undefined) return false;
    if (typeof chance === "number") return this.#random() < chance;
    if (chance.action !== undefined && chance.action !== action) return false;
    if ("probability" in chance) return this.#random() < chance.probability;
    const left = this.#left.get(name) ?? 0;
    this.#left.set(name, Math.max(0, left - 1));
    return left > 0;
  }
}

/** Throws an EmulatorError for anything that is no fault set. */
export function parseFaults(input: unknown): Faults {
  if (!isObject(input)) throw invalid("faults must be an object; {} clears them");
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined) continue;
    if (name === "latencyMs") checkLatency(value);
    else if (numberNames.includes(name)) checkNumber(name, value);
    else if (chanceNames.some((known) => known === name)) checkChance(name, value);
    else
      throw invalid(`there is no fault "${name}"; known are latencyMs, ${[...chanceNames, ...numberNames].join(", ")}`);
  }
  return structuredClone(input);
}

function checkLatency(value: unknown): void {
  const range = isObject(value) ? value : { min: value, max: value };
  if (!isCount(range["min"]) || !isCount(range["max"]) || range["max"] < range["min"]) {
    throw invalid("latencyMs must be milliseconds from 0, or { min, max }");
  }
}

function checkNumber(name: string, value: unknown): void {
  if (typeof value !== "number" || !Number.isFinite(value)) throw invalid(`${name} must be a number`);
}

function checkChance(name: string, value: unknown): void {
  const chance: JsonObject = isObject(value) ? value : { probability: value };
  const { times, probability, action } = chance;
  const isChance =
    times === undefined ? isCount(probability) && probability <= 1 : isCount(times) && probability === undefined;
  if (!isChance || !(action === undefined || typeof action === "string")) {
    throw invalid(`${name} must be a probability from 0 to 1, { times, action? } or { probability, action? }`);
  }
}

const isCount = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value >= 0;

const invalid = (what: string): EmulatorError => new EmulatorError("invalid-option", `Bad faults: ${what}.`);

/** Mulberry32: small, and good enough to choose faults by. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
