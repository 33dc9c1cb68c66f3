// What two devices changed at once, all datasets, and which of it this person has looked at already.
import type { ConflictRecord } from "@holdfast/client";
import { liveValue, useLive } from "./live.ts";
import { storedValue } from "./stored-value.ts";
import { client, compat, notes } from "./sync.ts";
import { run } from "./toasts.ts";

/** Open ones first, then the newest. */
const found = liveValue<readonly ConflictRecord[]>([]);
const seen = storedValue("seen-conflicts");

export interface SortedConflicts {
  readonly fresh: readonly ConflictRecord[];
  readonly seen: readonly ConflictRecord[];
}

export function useConflicts(): SortedConflicts {
  const all = useLive(found);
  const seenIds = parseIds(useLive(seen));
  const isSeen = ({ id, state }: ConflictRecord) => state === "settled" && seenIds.has(id);
  return { fresh: all.filter((conflict) => !isSeen(conflict)), seen: all.filter(isSeen) };
}

export function markSeen(ids: readonly string[]): void {
  const known = new Set(found.getSnapshot().map(({ id }) => id));
  const kept = [...new Set([...parseIds(seen.getSnapshot()), ...ids])].filter((id) => known.has(id));
  seen.set(kept.length === 0 ? null : kept.join(" "));
}

/** Keeps the list up from now on. */
export function followConflicts(): void {
  const ask = () => run(client.conflicts().then((all) => found.set([...all].sort(openThenNewest))));
  for (const dataset of [notes, compat]) {
    dataset.subscribe((change) => {
      if (change.type === "reset" || change.conflicts.length > 0) ask();
    });
  }
  client.problems.subscribe(ask);
  client.identity.subscribe(ask);
  ask();
}

function parseIds(text: string | null): ReadonlySet<string> {
  return new Set(text?.split(" "));
}

function openThenNewest(a: ConflictRecord, b: ConflictRecord): number {
  return Number(b.state === "open") - Number(a.state === "open") || b.at - a.at;
}
