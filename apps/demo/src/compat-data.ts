// "Load real data": the records that the build made from MDN's browser-compat-data, written as an app would write them.
import { liveValue } from "./live.ts";
import { compat } from "./sync.ts";

export interface LoadProgress {
  readonly phase: "idle" | "fetching" | "writing";
  /** Records of the last load, against which the falling count of waiting ones is shown. */
  readonly total: number;
}

export const loadProgress = liveValue<LoadProgress>({ phase: "idle", total: 0 });

/** Resolves with the number of records that are durable on this device; they go up by themselves afterwards. */
export async function loadCompatData(): Promise<number> {
  loadProgress.set({ phase: "fetching", total: 0 });
  try {
    const { default: entries } = await import("virtual:compat-data");
    loadProgress.set({ phase: "writing", total: entries.length });
    const known = await compat.getAll();
    await compat.bulkPut(
      entries.map(([key, feature]) => [
        key,
        known.get(key)?.starred === true ? { ...feature, starred: true } : feature,
      ]),
    );
    return entries.length;
  } finally {
    loadProgress.set({ ...loadProgress.getSnapshot(), phase: "idle" });
  }
}
