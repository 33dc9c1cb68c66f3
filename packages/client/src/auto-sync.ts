// Starts syncs by itself: soon after a write, when the network or the page comes back, and now and then to look for news;
// often while something happens, seldom when nothing does, never in the background.
import type { AutoSyncOptions } from "./api.ts";
import type { RuntimeImplementation } from "./runtime.ts";

/** Milliseconds. */
const autoSyncDefaults = { debounceMs: 250, pollMsMin: 5_000, pollMsMax: 60_000 } as const;

export interface AutoSyncHost {
  readonly runtime: RuntimeImplementation;
  /** Runs a sync; whether it found or sent anything, or failed for now. Never rejects. */
  readonly sync: () => Promise<"news" | "quiet" | "failed">;
  /** Whether the app's budget is used up: then news is looked for at the slowest pace. */
  readonly isOverBudget: () => boolean;
}

export class AutoSync {
  readonly #host: AutoSyncHost;
  readonly #debounceMs: number;
  readonly #pollMsMin: number;
  readonly #pollMsMax: number;
  readonly #stopListening: () => void;
  #pollMs: number;
  #cancel: () => void = () => {};
  /** When the timer fires, by the runtime's clock; Infinity: there is none. */
  #dueAt = Infinity;
  #isSyncing = false;
  #isAsked = false;
  #isClosed = false;
  #wasOnline: boolean;
  #wasVisible: boolean;

  constructor(host: AutoSyncHost, options: AutoSyncOptions = {}) {
    this.#host = host;
    this.#debounceMs = options.debounceMs ?? autoSyncDefaults.debounceMs;
    this.#pollMsMin = options.pollMsMin ?? autoSyncDefaults.pollMsMin;
    this.#pollMsMax = Math.max(options.pollMsMax ?? autoSyncDefaults.pollMsMax, this.#pollMsMin);
    this.#pollMs = this.#pollMsMin;
    this.#wasOnline = host.runtime.online();
    this.#wasVisible = host.runtime.visible();
    this.#stopListening = host.runtime.onChange(() => this.#environmentChanged());
  }

  /** Something is to be sent or fetched: soon, together with what else comes by then. */
  ask(): void {
    this.#isAsked = true;
    this.#pollMs = this.#pollMsMin;
    this.#schedule(this.#debounceMs);
  }

  /** At once: the app was opened, somebody signed in. */
  start(): void {
    this.#isAsked = true;
    this.#schedule(0);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#stopListening();
  }

  #environmentChanged(): void {
    const { runtime } = this.#host;
    const hasComeBack =
      (runtime.online() && !this.#wasOnline) || (runtime.visible() && !this.#wasVisible && runtime.online());
    this.#wasOnline = runtime.online();
    this.#wasVisible = runtime.visible();
    if (!hasComeBack) return;
    this.#pollMs = this.#pollMsMin;
    this.#schedule(0);
  }

  /** The earlier of what is scheduled already and this. */
  #schedule(ms: number): void {
    if (this.#isClosed || this.#isSyncing) return;
    const dueAt = this.#host.runtime.now() + ms;
    if (dueAt >= this.#dueAt) return;
    this.#cancel();
    this.#dueAt = dueAt;
    this.#cancel = this.#host.runtime.schedule(ms, () => {
      this.#dueAt = Infinity;
      void this.#sync();
    });
  }

  async #sync(): Promise<void> {
    const { runtime } = this.#host;
    // A write goes up from a hidden page too; only looking for news waits until somebody can see it.
    if (!runtime.online() || !(this.#isAsked || runtime.visible())) return;
    this.#isSyncing = true;
    this.#isAsked = false;
    const outcome = await this.#host.sync();
    this.#isSyncing = false;
    if (this.#host.isOverBudget()) this.#pollMs = this.#pollMsMax;
    else if (outcome === "news") this.#pollMs = this.#pollMsMin;
    else this.#pollMs = Math.min(this.#pollMs * 1.5, this.#pollMsMax);
    if (outcome === "failed") this.#isAsked = true;
    // Jitter, so that devices that woke together do not stay together.
    const wait =
      this.#isAsked && outcome !== "failed" ? this.#debounceMs : this.#pollMs * (0.8 + runtime.random() * 0.4);
    if (runtime.visible() || this.#isAsked) this.#schedule(wait);
  }
}
