// What may go wrong in a simulated run.
import { cloudFaults } from "../hostility.ts";

export const simulatedFaults = [
  ...cloudFaults,
  /** A request that was given up arrives all the same, much later. */
  "late-arrival",
  /** The cloud is restored from a backup. */
  "went-back",
  /** Somebody writes into the table past all rules. */
  "direct-write",
  /** The cloud refuses a record for good, until somebody lets it pass. */
  "refused-record",
  /** The cloud denies access for a while. */
  "denied",
  /** A page goes, whatever it was doing; another is opened on the same storage. */
  "crash",
  "offline",
  /** A tab stands still for a while, and goes on. */
  "frozen",
  "hidden",
  /** A device's clock is hours off, and is set while the app runs. */
  "clock",
  /** The browser deletes a device's storage. */
  "evicted",
  /** A lock is given to another tab although its holder still works. */
  "stolen-lock",
  /** A local transaction finds no room. */
  "storage-full",
] as const;

export type SimulatedFault = (typeof simulatedFaults)[number];

/** @throws RangeError where a name is none */
export function parseFaults(names: readonly string[]): readonly SimulatedFault[] {
  return names.map((name) => {
    const known = simulatedFaults.find((fault) => fault === name);
    if (known) return known;
    throw new RangeError(`There is no fault "${name}". Faults are: ${simulatedFaults.join(", ")}.`);
  });
}
