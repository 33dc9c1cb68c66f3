// The rules as the model knows them, each with the ways in which it can be broken.

export interface Rules {
  /** S-1. Default: the digest and count over the bases prove what was read; `none`: the checkpoint follows the head unproved. */
  readonly verify: "digest" | "none";
  /** S-1: what the digest covers. */
  readonly digest: "commit" | "count";
  /** S-6: bases := what was sent; `overwrite`: the record counts as clean, whatever was edited meanwhile. */
  readonly ack: "sent" | "overwrite";
  /** S-4: what was sent and is not resolved is pending, also where local equals base; `differs`: only what differs is. */
  readonly pending: "attempted" | "differs";
  /** S-5: repeated until it is resolved; `replace`: a new push takes its place. */
  readonly attempt: "frozen" | "replace";
  /** S-6: the head's writers say what has landed; `content`: only a pulled record does. */
  readonly landed: "writers" | "content";
  /** S-3: what is not live may be replaced; `exact`: the base's count is demanded, also of a tombstone. */
  readonly condition: "lenient" | "exact";
  /** S-2: what the head is compared by. */
  readonly swap: "commit" | "count";
  /** S-8: all pages, proved, in one local transaction; `page`: each page in its own. */
  readonly pull: "staged" | "page";
  /** S-7: the poll returns the head also where nothing is new. */
  readonly headAlways: boolean;
  /** S-11: records at or under the head's floor do not exist. */
  readonly floor: boolean;
  /** S-11: the sweep takes out only what still is under the floor. */
  readonly sweep: "conditional" | "blind";
  /** S-10: a head is written anew only where its last commit was seen whole; `blind`: from any listing. */
  readonly repair: "counted" | "blind";
  /** S-12: a cloud that went back is noticed, and what only devices still have is offered again. */
  readonly lineage: boolean;
  /** S-12: that the head does not name a replica is evidence only while it names fewer writers than it could. */
  readonly absence: "counted" | "evidence";
  /** S-15: an answer, or what was read, acts only if the store still is where it was then. */
  readonly looksAgain: boolean;
}

export const asBuilt: Rules = {
  verify: "digest",
  digest: "commit",
  ack: "sent",
  pending: "attempted",
  attempt: "frozen",
  landed: "writers",
  condition: "lenient",
  swap: "commit",
  pull: "staged",
  headAlways: true,
  floor: true,
  sweep: "conditional",
  repair: "counted",
  lineage: true,
  absence: "counted",
  looksAgain: true,
};

/** How much of what may happen in a scenario: edits and faults, over all replicas. */
export interface Budget {
  readonly edit: number;
  readonly timeout: number;
  readonly duplicate: number;
  readonly crash: number;
  readonly partial: number;
  readonly expire: number;
  readonly deletion: number;
  readonly sweep: number;
  readonly damage: number;
  readonly backup: number;
  readonly restore: number;
  readonly headGone: number;
  readonly freeze: number;
}

export interface Scenario {
  readonly name: string;
  readonly says: string;
  readonly replicas: number;
  readonly keys: number;
  /** 0: removed. */
  readonly values: readonly number[];
  /** The value of the first edit, which is replica A's, of the first record: others would only be other names for it. */
  readonly first: number;
  readonly budget: Partial<Budget>;
  /** Edits of each replica at most. */
  readonly editsBy?: readonly number[];
  /** Items of a page. */
  readonly page?: number;
  /** Writers that the head names; default: all. */
  readonly writersMax?: number;
  /** The operator deletes the heads after a restore. */
  readonly headRemoved?: boolean;
  /** Not what AWS documents: an answer may come before what it answers can be seen. */
  readonly earlyAnswer?: boolean;
}
