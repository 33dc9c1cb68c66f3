// One step of a simulated run, as a line of its script: `a1 net: commit one !lost-answer`, `time`, `call a1 put one o1 x`,
// `fault crash a1 2`. A run is its plan and its script; a script replays also where lines have been taken out of it.
import { simulatedFaults, type SimulatedFault } from "./faults.ts";

export const callTypes = [
  ...["update", "put", "remove", "count", "own", "bulk", "transfer", "synchronize", "verify", "when-synced"],
  ...["delete", "resolve", "retry", "discard"],
] as const;

export type CallType = (typeof callTypes)[number];

export type Decision =
  /** The first task of a lane happens. */
  | { readonly type: "task"; readonly lane: string; readonly task: string; readonly fault: SimulatedFault | null }
  /** Time passes until something falls due. */
  | { readonly type: "time" }
  | {
      readonly type: "call";
      readonly tab: string;
      readonly call: CallType;
      readonly dataset: string;
      readonly key: string;
      readonly place: string;
    }
  /** Something goes wrong by itself; `on`: with a tab, a device or an identity. */
  | { readonly type: "fault"; readonly fault: SimulatedFault; readonly on: string; readonly amount: number };

export function decisionToLine(decision: Decision): string {
  switch (decision.type) {
    case "task":
      return `${decision.lane}: ${decision.task}${decision.fault ? ` !${decision.fault}` : ""}`;
    case "time":
      return "time";
    case "call":
      return `call ${decision.tab} ${decision.call} ${decision.dataset} ${decision.key} ${decision.place}`;
    case "fault":
      return `fault ${decision.fault} ${decision.on} ${decision.amount}`;
  }
}

/** @throws RangeError where the line is none */
export function parseDecision(line: string): Decision {
  if (line === "time") return { type: "time" };
  const [word, ...words] = line.split(" ");
  const [first = "", second = "", third = "", fourth = "", fifth = ""] = words;
  const call = callTypes.find((name) => name === second);
  if (word === "call" && call) {
    return { type: "call", tab: first, call, dataset: third, key: fourth, place: fifth };
  }
  const fault = simulatedFaults.find((name) => name === first);
  if (word === "fault" && fault) return { type: "fault", fault, on: second, amount: Number(third) };
  const [, lane, task, wrong] = /^([^:]+): ([^!]+?)(?: !(\S+))?$/.exec(line) ?? [];
  if (lane === undefined || task === undefined) throw new RangeError(`This is no step of a simulated run: ${line}`);
  return { type: "task", lane, task, fault: simulatedFaults.find((name) => name === wrong) ?? null };
}
