// S-11: taking out of the table what a deletion has ended.
import type { DatasetName, Head } from "@holdfast/core";
import type { Cost, RemoteStore } from "./remote-store.ts";

/** Any device may do it, several at once, and stop anywhere: each record goes under its own condition. */
export async function sweepDataset(
  {
    dataset,
    remote,
    signal,
  }: { readonly dataset: DatasetName; readonly remote: RemoteStore; readonly signal: AbortSignal },
  head: Head,
  onCost: (cost: Cost) => void,
): Promise<void> {
  let done = false;
  while (!done) {
    const page = await remote.sweepPage({ dataset, floor: head.floor, signal });
    onCost(page.cost);
    ({ done } = page);
  }
  onCost(await remote.markSwept({ dataset, head, signal }));
}
