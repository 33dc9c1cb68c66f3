// S-10, S-13: a head that disagrees with the whole listing is written anew.
import { planRepair, type Head, type RemoteRecord } from "@holdfast/core";
import type { Cost } from "./remote-store.ts";
import type { SyncContext } from "./sync-context.ts";

/** False: it is not allowed yet, or somebody else came first. */
export async function repairHead(
  { replica, replicaId, remote, signal, now, newCommit }: SyncContext,
  head: Head | null,
  records: readonly RemoteRecord[],
  onCost: (cost: Cost) => void,
): Promise<boolean> {
  const repair = planRepair(replica.state, head, records, {
    commit: newCommit(),
    replica: replicaId,
    newLineage: newCommit(),
    now: now(),
    seenBefore: replica.disagreement,
  });
  replica.disagreement = repair.disagreement;
  if (repair.attempt === null) return false;
  const outcome = await remote.commit({ dataset: replica.name, attempt: repair.attempt, signal });
  onCost(outcome.cost);
  return outcome.type === "committed";
}
