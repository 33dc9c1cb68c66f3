// A state of the model: the cloud, the devices, and what the checker knows beyond both. The leaves (versions, heads,
// attempts) never change, so that a copy is shallow.
import type { Budget, Rules, Scenario } from "./rules.ts";

export interface Version {
  /** 0: absent. */
  readonly value: number;
  /** The edit that made it. */
  readonly edit: number;
  /** Bits of every edit that it builds on; only the checker reads it. */
  readonly knows: number;
  readonly count: number;
  readonly commit: number;
  /** Of a local version: 1: offered again, without a base (S-12); 2: it was sent, so pending even where equal to its base (S-4). */
  readonly again: 0 | 1 | 2;
}

export const none: Version = { value: 0, edit: 0, knows: 0, count: 0, commit: 0, again: 0 };

export interface Head {
  readonly count: number;
  readonly commit: number;
  readonly digest: string;
  readonly deleted: 0 | 1;
  /** How often the dataset was deleted. */
  readonly incarnation: number;
  readonly floor: number;
  readonly lineage: number;
  /** Last landed commit of each replica; 0: not named. */
  readonly writers: readonly number[];
  /** Replicas in the order in which they were heard of, the last at the end. */
  readonly heard: readonly number[];
  readonly changed: number;
  /** It was made where there was none (S-13). */
  readonly isRebuilt: boolean;
}

export interface Pulled {
  readonly key: number;
  readonly version: Version;
}

export interface Sent {
  readonly key: number;
  readonly value: number;
  readonly edit: number;
  readonly knows: number;
  readonly baseCount: number;
  readonly isBaseLive: boolean;
}

/** One TransactWriteItems. */
export interface Attempt {
  readonly does: "commit" | "delete" | "repair" | "rebuild";
  readonly writer: number;
  readonly commit: number;
  readonly base: number;
  readonly baseCommit: number;
  readonly sent: readonly Sent[];
  readonly digest: string;
  /** Of a repair and a rebuild: what was listed, and under which head. */
  readonly listed: readonly Pulled[];
  readonly under: Head | null;
}

export interface Answer {
  readonly type: "ok" | "locked" | "refused" | "record refused";
  /** Of a refusal of the head: its count; -1: there is none. */
  readonly headCount: number;
  /** It comes only when all of the commit can be seen. */
  readonly waitsForSight: boolean;
}

/** A paged read under way. */
export interface Reading {
  readonly isFull: boolean;
  readonly from: number;
  readonly cursor: readonly [count: number, rank: number];
  readonly head: Head | null;
  readonly got: readonly Pulled[];
  readonly page: readonly Pulled[];
  readonly isLast: boolean;
  /** The head's commit when the read began; 0: none. */
  readonly headBefore: number;
  /** No commit was half seen meanwhile. */
  readonly isCalm: boolean;
}

export interface Replica {
  bases: Version[];
  locals: Version[];
  checkpoint: number;
  checkpointCommit: number;
  incarnation: number;
  attempt: Attempt | null;
  lastLanded: number;
  lineage: number;
  stage: "idle" | "page" | "more" | "sent" | "answered";
  request: Attempt | null;
  answer: Answer | null;
  reading: Reading | null;
  /** The repair or rebuild that was sent. */
  repair: Attempt | null;
  /** What was read did not add up: the whole is to be compared. */
  isUnverified: boolean;
  /** The dataset is to be deleted. */
  deletes: boolean;
  /** A tab that stands still in the middle of its work, while another one goes on. */
  frozen: Frozen | null;
}

/** What a frozen tab holds, and where the store was when it took it. */
interface Frozen {
  readonly answer: Answer | null;
  readonly reading: Reading | null;
  readonly attempt: Attempt | null;
  readonly checkpointCommit: number;
}

export interface World {
  head: Head | null;
  records: (Version | null)[];
  /** Of each record, and last of the head: what reads still see instead; null: what is there. */
  hidden: ({ readonly old: Version | Head | null } | null)[];
  replicas: Replica[];
  /** Requests that were given up and may still arrive. */
  late: Attempt[];
  sweeps: { readonly key: number; readonly floor: number }[];
  nextEdit: number;
  nextCommit: number;
  /** Bits of edits that are named in a conflict, or were replaced by somebody who knew them. */
  accounted: number;
  /** Who made each edit, of which record. */
  edits: { readonly by: number; readonly key: number }[];
  landed: number;
  /** Bits of edits that went with a tombstone or were replaced, for each record. */
  gone: number[];
  /** What counted after each commit. */
  history: Readonly<Record<number, string>>;
  /** The head's digest was damaged, or is no more. */
  isDamaged: boolean;
  backup: { readonly head: Head | null; readonly records: readonly (Version | null)[] } | null;
  wasRestored: boolean;
  /** An operator has changed the table, or a dataset was deleted: what looks like a cloud that went back may be one. */
  wasChanged: boolean;
  budget: Budget;
  violation: string | null;
}

const nothing: Budget = {
  ...{ edit: 0, timeout: 0, duplicate: 0, crash: 0, partial: 0, expire: 0 },
  ...{ deletion: 0, sweep: 0, damage: 0, backup: 0, restore: 0, headGone: 0, freeze: 0 },
};

export function firstWorld(scenario: Scenario): World {
  const { keys, replicas, budget } = scenario;
  const replica = (): Replica => ({
    bases: Array.from({ length: keys }, () => none),
    locals: Array.from({ length: keys }, () => none),
    ...{ checkpoint: 0, checkpointCommit: 0, incarnation: 0, attempt: null, lastLanded: 0, lineage: 0, stage: "idle" },
    ...{ request: null, answer: null, reading: null, repair: null, isUnverified: false, deletes: false },
    frozen: null,
  });
  return {
    head: null,
    records: Array.from({ length: keys }, () => null),
    hidden: Array.from({ length: keys + 1 }, () => null),
    replicas: Array.from({ length: replicas }, replica),
    ...{ late: [], sweeps: [], nextEdit: 1, nextCommit: 1, accounted: 0, edits: [], landed: 0 },
    gone: Array.from({ length: keys }, () => 0),
    ...{ history: {}, isDamaged: false, backup: null, wasRestored: false, wasChanged: false },
    budget: { ...nothing, ...budget },
    violation: null,
  };
}

export const copyWorld = (world: World): World => ({
  ...world,
  records: world.records.slice(),
  hidden: world.hidden.slice(),
  replicas: world.replicas.map((replica) => ({
    ...replica,
    bases: replica.bases.slice(),
    locals: replica.locals.slice(),
  })),
  late: world.late.slice(),
  sweeps: world.sweeps.slice(),
  edits: world.edits.slice(),
  gone: world.gone.slice(),
});

export const bitOf = (edit: number): number => (edit ? 1 << edit : 0);
export const nameOf = (replica: number): string => "ABC"[replica] ?? String(replica);

/** The part of a list that is there by construction. */
export function at<T>(list: readonly T[], index: number): T {
  const found = list[index];
  if (found === undefined) throw new RangeError(`nothing is at ${index}`);
  return found;
}

export const digestOf = (rule: Rules["digest"], versions: readonly (Version | null)[], floor = 0): string =>
  versions
    .map((version) => {
      if (!version || version.value === 0 || version.count <= floor) return "-";
      return rule === "count" ? `${version.count}` : `${version.count}.${version.edit}`;
    })
    .join();

/** What counts, for the checker. */
export const exactly = (versions: readonly (Version | null)[], floor = 0): string =>
  digestOf("commit", versions, floor);

export type Broken =
  "LOST" | "RESURRECTED" | "TWICE" | "FALSE CONFLICT" | "FALSE ALARM" | "DIGEST" | "CHECKPOINT" | "STUCK";

/**
 * After a restore the cloud has forgotten commits: no rule can
 * then keep an edit from being offered again, so that only loss, digest, checkpoint and convergence are demanded.
 */
export function breakPromise(world: World, what: Broken, text: string): void {
  const isExcused = world.wasRestored && (what === "RESURRECTED" || what === "TWICE" || what === "FALSE CONFLICT");
  if (!isExcused) world.violation ??= `${what}: ${text}`;
}

export function spend(world: World, what: keyof Budget): void {
  world.budget = { ...world.budget, [what]: world.budget[what] - 1 };
}
