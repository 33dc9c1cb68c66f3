// S-11: taking out of the table what a deletion has ended. It is not urgent: nobody sees it.
import { formatVersion, type Head } from "@holdfast/core";
import type { Cost } from "./remote-store.ts";
import type { SyncContext } from "./sync-context.ts";

/** Whoever comes by does it, several at once, and may stop anywhere: each record goes under its own condition. */
export async function sweepDataset(
  { replica, remote, signal }: SyncContext,
  head: Head | null,
  onCost: (cost: Cost) => void,
): Promise<void> {
  const dataset = replica.name;
  const isHere = head !== null && head.commit === replica.state.checkpoint?.commit;
  if (!isHere || head.floor === 0 || head.swept || head.format > formatVersion) return;
  let done = false;
  while (!done) {
    const page = await remote.sweepPage({ dataset, floor: head.floor, signal });
    onCost(page.cost);
    ({ done } = page);
  }
  onCost(await remote.markSwept({ dataset, head, signal }));
}
