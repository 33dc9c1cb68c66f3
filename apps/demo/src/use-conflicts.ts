import type { ConflictRecord } from "@holdfast/client";
import { useEffect, useState } from "react";
import { client, compat, notes } from "./sync.ts";
import { run } from "./toasts.ts";

/** Open and settled conflicts, open ones first, newest first; asked for again whenever something may have changed them. */
export function useConflicts(): readonly ConflictRecord[] {
  const [conflicts, setConflicts] = useState<readonly ConflictRecord[]>([]);
  useEffect(() => {
    let isGone = false;
    const ask = () => run(client.conflicts().then((found) => isGone || setConflicts([...found].sort(openThenNewest))));
    const leave = [client.problems.subscribe(ask), client.identity.subscribe(ask), notes.subscribe(ask), compat.subscribe(ask)];
    ask();
    return () => {
      isGone = true;
      for (const unsubscribe of leave) unsubscribe();
    };
  }, []);
  return conflicts;
}

function openThenNewest(a: ConflictRecord, b: ConflictRecord): number {
  return Number(b.state === "open") - Number(a.state === "open") || b.at - a.at;
}
