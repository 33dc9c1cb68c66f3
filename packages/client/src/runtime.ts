// PORT: everything of the environment that a decision could depend on: time, waiting, randomness, the network's state,
// locks and messages between tabs. The browser's is in browser-runtime.ts, the deterministic one in testing/.
import type { Runtime } from "./api.ts";

export interface Channel {
  post(message: unknown): void;
  close(): void;
}

export interface RuntimeImplementation extends Runtime {
  /** Milliseconds since 1970, by the device's clock. */
  readonly now: () => number;
  /** Cryptographically random where it can be. */
  randomBytes(length: number): Uint8Array;
  /** 0 ≤ x < 1, for jitter. */
  random(): number;
  /** Rejects with the signal's reason when it is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** A timer that nobody awaits (auto sync); returns its cancellation. */
  schedule(ms: number, run: () => void): () => void;
  online(): boolean;
  visible(): boolean;
  /** Called when online() or visible() may have changed; returns an unsubscribe function. */
  onChange(listener: () => void): () => void;
  /** Runs `work` while no other tab holds `name`. Waits for it; rejects with the signal's reason. */
  withLock<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Messages between the tabs of this origin; never to the sender. */
  channel(name: string, receive: (message: unknown) => void): Channel;
  /** The browser's word on its storage, or null where it says nothing. */
  storage(): Promise<{ persisted: boolean; usedBytes: number; quotaBytes: number } | null>;
  requestPersistence(): Promise<boolean>;
}
