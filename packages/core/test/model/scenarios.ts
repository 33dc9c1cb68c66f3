// The bounds of each scenario, and the broken variants of the rules, each of which has to be caught.
import { asBuilt, type Rules, type Scenario } from "./rules.ts";

const scenario = (
  name: string,
  says: string,
  bounds: Omit<Scenario, "name" | "says" | "first"> & Partial<Pick<Scenario, "first">>,
): Scenario => ({ name, says, first: 1, ...bounds });

export const scenarios = {
  answers: scenario("answers", "lost, late answers and requests", {
    ...{ replicas: 2, keys: 1, values: [0, 1, 2], budget: { edit: 3, timeout: 2 } },
  }),
  crash: scenario("crash", "a crash at any step, a doubled request", {
    ...{ replicas: 2, keys: 1, values: [0, 1], budget: { edit: 3, timeout: 1, crash: 1, duplicate: 1 } },
  }),
  visibility: scenario("visibility", "commits become visible item by item; pages of 2", {
    ...{ replicas: 2, keys: 2, values: [0, 1], page: 2, budget: { edit: 4, partial: 2 } },
  }),
  three: scenario("three", "three replicas", {
    ...{ replicas: 3, keys: 1, values: [0, 1], budget: { edit: 3, timeout: 1 } },
  }),
  expiry: scenario("expiry", "tombstones expire", {
    ...{ replicas: 2, keys: 1, values: [0, 1], budget: { edit: 5, expire: 2 } },
  }),
  deletion: scenario("deletion", "a dataset that is deleted, made again, swept late", {
    ...{ replicas: 2, keys: 1, values: [1, 2], budget: { edit: 3, deletion: 1, sweep: 1, timeout: 1 } },
  }),
  repair: scenario("repair", "a damaged digest, two repairers, item by item", {
    ...{ replicas: 2, keys: 2, values: [1], budget: { edit: 3, damage: 1, partial: 1 } },
  }),
  headGone: scenario("headGone", "an operator deletes the head", {
    ...{ replicas: 2, keys: 2, values: [1], budget: { edit: 3, headGone: 1, timeout: 1 } },
  }),
  restore: scenario("restore", "a backup is restored", {
    ...{ replicas: 2, keys: 1, values: [1, 2], budget: { edit: 3, backup: 1, restore: 1, timeout: 1 } },
  }),
  torn: scenario("torn", "a backup that may hold half a commit is restored, and the heads are removed", {
    ...{ replicas: 2, keys: 1, values: [1, 2], headRemoved: true },
    budget: { edit: 3, backup: 1, restore: 1, partial: 1 },
  }),
  restoredFar: scenario("restoredFar", "a restore, then the new history reaches the old count", {
    ...{ replicas: 2, keys: 1, values: [1, 2], editsBy: [3, 1], budget: { edit: 4, backup: 1, restore: 1 } },
  }),
  writers: scenario("writers", "the head names one writer, and there are two", {
    ...{ replicas: 2, keys: 1, values: [1, 2], writersMax: 1, budget: { edit: 5 } },
  }),
  manyWriters: scenario("manyWriters", "more write while an answer is missing than the head names", {
    ...{ replicas: 2, keys: 1, values: [1, 2], writersMax: 1, budget: { edit: 4, timeout: 1 } },
  }),
  tabs: scenario("tabs", "a tab freezes in the middle, another one of its device goes on, and the first wakes", {
    ...{ replicas: 2, keys: 1, values: [1, 2], budget: { edit: 4, freeze: 1 } },
  }),
  threeRestored: scenario("threeRestored", "three devices and a restore", {
    ...{ replicas: 3, keys: 2, values: [1, 2], editsBy: [3, 1, 0], budget: { edit: 4, backup: 1, restore: 1 } },
  }),
  early: scenario("early", "not what AWS documents: an answer may come before what it answers can be seen", {
    ...{ replicas: 2, keys: 2, values: [0, 1], earlyAnswer: true, budget: { edit: 3, partial: 1 } },
  }),
} as const;

/** Those that are seen whole. */
export const exhausted: readonly Scenario[] = [
  ...[scenarios.answers, scenarios.crash, scenarios.visibility, scenarios.three, scenarios.expiry, scenarios.deletion],
  ...[scenarios.repair, scenarios.headGone, scenarios.restore, scenarios.torn, scenarios.restoredFar],
  ...[scenarios.writers, scenarios.tabs],
];

export interface Variant {
  /** The rule that is broken, as SPEC numbers it. */
  readonly breaks: string;
  readonly says: string;
  readonly rules: Rules;
  readonly scenario: Scenario;
  /** A violation that is too deep to be searched for; else the scenario is searched. */
  readonly trace?: readonly string[];
}

const without = (
  breaks: string,
  says: string,
  change: Partial<Rules>,
  on: Scenario,
  trace?: readonly string[],
): Variant => ({ breaks, says, rules: { ...asBuilt, ...change }, scenario: on, ...(trace ? { trace } : {}) });

/** Found by a search of seven minutes in an earlier form of the rules. */
export const offeredAgain: readonly string[] = [
  ...["A edits k0 := 1 (e1)", "A sends", "A edits k0 := 2 (e2)", "A's commit c1 reaches the cloud", "A receives ok"],
  ...["A sends", "B edits k1 := 1 (e3)", "B pull: page read", "B applies page (last)", "backup taken"],
  ...["A's commit c2 reaches the cloud", "C pull: page read", "C applies page (last)", "backup restored", "B sends"],
  ...["B's commit c3 reaches the cloud", "A pull: page read", "A applies page (last)", "A edits k0 := 1 (e4)"],
  "B receives ok",
];

/** Two histories in which each record has the same count. */
const sameCounts: readonly string[] = [
  ...["A edits k0 := 1 (e1)", "A sends", "A edits k1 := 1 (e2)", "A's commit c1 reaches the cloud", "A receives ok"],
  ...["A sends", "A edits k1 := 2 (e3)", "B edits k0 := 2 (e4)", "backup taken", "A's commit c2 reaches the cloud"],
  ...["A receives ok", "C pull: page read", "C applies page (last)", "backup restored"],
];

/** Two histories whose heads have the same count. */
const sameCount: readonly string[] = [
  ...["A edits k0 := 1 (e1)", "A sends", "B edits k0 := 2 (e2)", "A edits k1 := 1 (e3)"],
  ...["A's commit c1 reaches the cloud", "backup taken", "A receives ok", "A sends", "A edits k1 := 2 (e4)"],
  ...["A's commit c2 reaches the cloud", "A receives ok", "backup restored", "B sends", "A sends"],
  ...["A's commit c4 reaches the cloud", "B's commit c3 reaches the cloud", "A receives refused", "A sends"],
  ...["B receives refused", "B pull: page read", "B applies page (last)", "B sends", "B's commit c5 reaches the cloud"],
];

export const variants: readonly Variant[] = [
  without(
    "S-1",
    "the digest covers keys and counts, not commits",
    { digest: "count" },
    scenarios.threeRestored,
    sameCounts,
  ),
  without("S-2", "compare and swap by the count alone", { swap: "count" }, scenarios.threeRestored, sameCount),
  without("S-3", "a base's count is demanded also of what is not live", { condition: "exact" }, scenarios.expiry),
  without(
    "S-4",
    "pending is what differs, nothing else",
    { pending: "differs" },
    scenarios.threeRestored,
    offeredAgain,
  ),
  without("S-5", "a new push replaces the open attempt", { attempt: "replace" }, scenarios.answers),
  without("S-5", "… where a page crashes", { attempt: "replace" }, scenarios.crash),
  without("S-5", "a lost answer is forgotten", { attempt: "replace", landed: "content" }, scenarios.answers),
  without("S-6", "an acknowledgement counts for what was edited meanwhile", { ack: "overwrite" }, scenarios.answers),
  without("S-6", "only a pulled record says that an attempt has landed", { landed: "content" }, scenarios.answers),
  without("S-7", "a poll does not return the head", { headAlways: false }, scenarios.restore),
  without("S-8", "the checkpoint follows the head unproved", { verify: "none" }, scenarios.visibility),
  without("S-8", "pages are applied before they are proved", { pull: "page" }, scenarios.visibility),
  without("S-10", "a head is written anew from any listing", { repair: "blind" }, scenarios.repair),
  without("S-11", "no floor after a deletion", { floor: false }, scenarios.deletion),
  without("S-11", "the sweep takes out what is there", { sweep: "blind" }, scenarios.deletion),
  without("S-12", "a cloud that went back is not noticed", { lineage: false }, scenarios.torn),
  without("S-13", "a head that is gone is not made anew", { lineage: false }, scenarios.headGone),
  without(
    "S-12",
    "that the head does not name a replica always is evidence",
    { absence: "evidence" },
    scenarios.writers,
  ),
  without("S-15", "a tab that wakes acts without looking again", { looksAgain: false }, scenarios.tabs),
  without(
    "the assumption",
    "that fewer write while an answer is missing than the head names",
    {},
    scenarios.manyWriters,
  ),
  without("the assumption", "that an answer comes when all of it can be seen", {}, scenarios.early),
];
