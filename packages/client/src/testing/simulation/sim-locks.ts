// The locks of one device's tabs. A lock is granted when the scheduler says so; a tab that goes lets go of its locks.
import type { Lane, Scheduler } from "./scheduler.ts";
import type { Tab } from "./device.ts";

interface Waiter {
  readonly tab: Tab;
  readonly grant: () => void;
}

interface Lock {
  readonly lane: Lane;
  holders: readonly Tab[];
  waiters: Waiter[];
}

export class SimulatedLocks {
  readonly #scheduler: Scheduler;
  readonly #device: string;
  readonly #locks = new Map<string, Lock>();

  constructor(scheduler: Scheduler, device: string) {
    this.#scheduler = scheduler;
    this.#device = device;
  }

  request<T>(name: string, tab: Tab, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const lock = this.#lock(name);
      const abort = (): void => {
        lock.waiters = lock.waiters.filter((other) => other !== waiter);
        reject(signal.reason);
      };
      const grant = (): void => {
        signal.removeEventListener("abort", abort);
        lock.holders = [...lock.holders, tab];
        const release = (): void => {
          lock.holders = withoutOne(lock.holders, tab);
          this.#offer(lock);
        };
        work().finally(release).then(resolve, reject);
      };
      const waiter = { tab, grant };
      lock.waiters.push(waiter);
      signal.addEventListener("abort", abort, { once: true });
      this.#offer(lock);
    });
  }

  /** Given to whoever waits, although its holder still works. False: nobody waits. */
  steal(): boolean {
    for (const lock of this.#locks.values()) {
      if (lock.holders.length === 0 || lock.waiters.length === 0) continue;
      lock.waiters.shift()?.grant();
      return true;
    }
    return false;
  }

  forget(tab: Tab): void {
    for (const lock of this.#locks.values()) {
      lock.holders = lock.holders.filter((holder) => holder !== tab);
      lock.waiters = lock.waiters.filter((waiter) => waiter.tab !== tab);
      this.#offer(lock);
    }
  }

  #lock(name: string): Lock {
    let lock = this.#locks.get(name);
    if (!lock) {
      const lane = this.#scheduler.lane(`${this.#device} lock${this.#locks.size}`);
      this.#locks.set(name, (lock = { lane, holders: [], waiters: [] }));
    }
    return lock;
  }

  #offer(lock: Lock): void {
    if (lock.holders.length > 0 || lock.waiters.length === 0 || lock.lane.tasks.length > 0) return;
    this.#scheduler.add(lock.lane, "grant", () => {
      if (lock.holders.length === 0) lock.waiters.shift()?.grant();
    });
  }
}

function withoutOne(holders: readonly Tab[], tab: Tab): readonly Tab[] {
  const index = holders.indexOf(tab);
  return index < 0 ? holders : holders.toSpliced(index, 1);
}
