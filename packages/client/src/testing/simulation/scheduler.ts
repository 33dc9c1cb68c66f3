// All that may happen next, and nothing that happens by itself. A lane is a queue of its own (a tab's answers, a request
// on its way, a database's transactions): what stands first in it may happen now, and which lane is next is chosen outside.
// Time passes only when it is told to.
import type { SimulatedFault } from "./faults.ts";

export interface Task {
  readonly name: string;
  /** What may go wrong with it. */
  readonly faults: readonly SimulatedFault[];
  readonly run: (fault: SimulatedFault | null) => void;
}

/** Whoever waits for something: a tab. Nothing of one that is frozen happens. */
export interface Owner {
  readonly name: string;
  readonly isFrozen: boolean;
}

export interface Lane {
  readonly name: string;
  readonly owner: Owner | null;
  readonly tasks: Task[];
  /** Where it stands among the active ones; -1: it is empty. */
  index: number;
}

export interface Timer {
  readonly at: number;
  readonly owner: Owner;
  /** Somebody waits for it, so that time may be made to pass for it. */
  readonly isAwaited: boolean;
  readonly run: () => void;
}

const nothingWrong: readonly SimulatedFault[] = [];

export class Scheduler {
  clock: number;
  readonly #active: Lane[] = [];
  readonly #timers = new Set<Timer>();

  constructor(now: number) {
    this.clock = now;
  }

  lane(name: string, owner: Owner | null = null): Lane {
    return { name, owner, tasks: [], index: -1 };
  }

  add(lane: Lane, name: string, run: Task["run"], faults: readonly SimulatedFault[] = nothingWrong): void {
    lane.tasks.push({ name, run, faults });
    if (lane.index >= 0) return;
    lane.index = this.#active.length;
    this.#active.push(lane);
  }

  get active(): readonly Lane[] {
    return this.#active;
  }

  /** The first task of the lane happens. */
  take(lane: Lane, fault: SimulatedFault | null): void {
    const task = lane.tasks.shift();
    if (lane.tasks.length === 0) this.#retire(lane);
    task?.run(fault);
  }

  drop(lane: Lane): void {
    lane.tasks.length = 0;
    this.#retire(lane);
  }

  setTimer(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  get hasAwaitedTimer(): boolean {
    for (const { isAwaited, owner } of this.#timers) if (isAwaited && !owner.isFrozen) return true;
    return false;
  }

  /** Time passes until the next timer fires. False: there is none. */
  passTime(): boolean {
    let next: Timer | null = null;
    for (const timer of this.#timers) {
      if (!timer.owner.isFrozen && (next === null || timer.at < next.at)) next = timer;
    }
    if (next === null) return false;
    this.#timers.delete(next);
    this.clock = Math.max(this.clock, next.at);
    next.run();
    return true;
  }

  /** Nothing that `owner` waited for reaches it any more. */
  forget(owner: Owner): void {
    for (const timer of this.#timers) if (timer.owner === owner) this.#timers.delete(timer);
    for (const lane of [...this.#active]) if (lane.owner === owner) this.drop(lane);
  }

  #retire(lane: Lane): void {
    if (lane.index < 0) return;
    const last = this.#active.pop();
    if (last && last !== lane) {
      this.#active[lane.index] = last;
      last.index = lane.index;
    }
    lane.index = -1;
  }
}
