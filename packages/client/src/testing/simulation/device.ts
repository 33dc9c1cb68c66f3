// A device of a simulated run: storage, locks and channels that its tabs share, and the tabs, each with a real client.
import type { SyncClient } from "../../api.ts";
import type { GhostWrite } from "./ghost.ts";
import type { SimulatedLocks } from "./sim-locks.ts";
import type { SimulatedStorage } from "./sim-store.ts";
import type { Lane } from "./scheduler.ts";

/** One page. It is opened again under the same name after it has gone; then it is another `life` of it. */
export interface Tab {
  readonly name: string;
  readonly device: Device;
  life: number;
  client: SyncClient | null;
  isAlive: boolean;
  isFrozen: boolean;
  isVisible: boolean;
  /** What reaches it from other tabs and from its environment, and the answers of its storage. */
  inbox: Lane;
  answers: Lane;
  readonly listeners: Set<() => void>;
  /** Calls of the app that have not come back. */
  readonly calls: Set<AppCall>;
  /** Sent since the tab last waited, or anything else happened that could have been new to it. */
  requests: number;
  /** Writes that its app was told are stored, and that are not known to be in the cloud. */
  unsaved: GhostWrite[];
}

/** What an app has asked for. Its writes have numbers, which stand in the values. */
export interface AppCall {
  readonly type: "write" | "remove" | "count" | "own" | "delete" | "discard" | "resolve" | "other";
  readonly tab: Tab;
  readonly text: string;
  readonly dataset: string | null;
  readonly key: string | null;
  readonly since: number;
  /** Numbers of its writes to this key. */
  readonly writes: readonly number[];
  /** No other call of this tab for the same record was under way at the same time. */
  isAlone: boolean;
}

export interface Device {
  readonly name: string;
  readonly storage: SimulatedStorage;
  readonly locks: SimulatedLocks;
  readonly channels: Set<{ readonly name: string; readonly tab: Tab; readonly receive: (message: unknown) => void }>;
  readonly tabs: readonly Tab[];
  isOnline: boolean;
  /** Milliseconds that its clock is ahead of the cloud's. */
  clockOffset: number;
  /** As it was measured at the last answer of the cloud. */
  measuredOffset: number;
}
