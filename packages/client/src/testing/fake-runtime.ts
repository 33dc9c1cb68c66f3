// An environment without chance: a clock that moves only when something waits or is told to, seeded randomness, locks and
// channels between the clients that share it.
import type { RuntimeImplementation } from "../runtime.ts";
import { nextTurn } from "../next-turn.ts";
import { seededRandom } from "./seeded-random.ts";

export interface FakeRuntime extends RuntimeImplementation {
  setOnline(online: boolean): void;
  setVisible(visible: boolean): void;
  /** Moves the clock; timers that fall due run in order, each with what it starts. */
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

/** `now`: milliseconds since 1970, default 2026-01-01. `seed`: default 1. */
export function fakeRuntime({ now = 1_767_225_600_000, seed = 1 } = {}): FakeRuntime {
  const random = seededRandom(seed);
  const listeners = new Set<() => void>();
  const timers = new Set<Timer>();
  const locks = new Map<string, Promise<unknown>>();
  const channels = new Set<{ readonly name: string; readonly receive: (message: unknown) => void }>();
  let [clock, order, online, visible] = [now, 0, true, true];

  const change = (): void => {
    for (const listener of listeners) listener();
  };
  return {
    now: () => clock,
    random,
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
    // Waiting inside an awaited call must not hang a test: the clock jumps there at once.
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      clock += ms;
      await nextTurn();
      signal.throwIfAborted();
    },
    schedule: (ms, run) => {
      const timer = { at: clock + ms, order: (order += 1), run };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    online: () => online,
    visible: () => visible,
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    withLock: async (name, signal, work) => {
      const before = locks.get(name) ?? Promise.resolve();
      const run = before.then(() => {
        signal.throwIfAborted();
        return work();
      });
      const settled = run.catch(() => {});
      locks.set(name, settled);
      return run;
    },
    channel: (name, receive) => {
      const own = { name, receive };
      channels.add(own);
      return {
        post: (message) => {
          const copy: unknown = structuredClone(message);
          for (const other of channels) {
            if (other === own || other.name !== name) continue;
            queueMicrotask(() => channels.has(other) && other.receive(copy));
          }
        },
        close: () => void channels.delete(own),
      };
    },
    storage: async () => null,
    requestPersistence: async () => false,
    setOnline: (value) => {
      online = value;
      change();
    },
    setVisible: (value) => {
      visible = value;
      change();
    },
    advance: async (ms) => {
      const until = clock + ms;
      for (;;) {
        const due = [...timers].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at || a.order - b.order)[0];
        if (!due) break;
        timers.delete(due);
        clock = Math.max(clock, due.at);
        due.run();
        await idle();
      }
      clock = Math.max(clock, until);
      await idle();
    },
  };
}

/** Lets everything run that waits for no timer of the fake clock: in-memory stores answer within a few turns. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 200; turn += 1) await nextTurn();
}
