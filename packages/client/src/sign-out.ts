// Leaving an identity, and what becomes of its edits that are not in the cloud.
import type { SyncErrorInfo } from "@holdfast/core";
import type { SignOutReport } from "./api.ts";
import type { CurrentVault } from "./current-vault.ts";
import type { OpenDataset } from "./open-dataset.ts";

/** flush: stay where something could not go up. keep: they wait here for the next sign-in. discard: the vault goes. */
export type Unsynced = "flush" | "keep" | "discard";

/** While no sync runs. `error`: why something may not have gone up. */
export async function leaveIdentity(
  current: CurrentVault,
  unsynced: Unsynced,
  error: SyncErrorInfo | null,
): Promise<SignOutReport> {
  const vault = await current.open();
  await vault.settled();
  const left = vault.datasets.reduce((total, dataset) => total + unsyncedOf(dataset), 0);
  if (vault.identity === null) return { outcome: "signed-out", kept: left, discarded: 0 };
  if (unsynced === "flush" && left > 0) {
    return { outcome: "still-signed-in", unsynced: left, error: error ?? waitsForPerson };
  }
  const forget = unsynced === "discard";
  const hasLeft = await current.leave({ forget });
  // Where another tab has signed somebody else in meanwhile, what was here is kept.
  const discarded = forget && hasLeft ? left : 0;
  return { outcome: "signed-out", kept: left - discarded, discarded };
}

/** Edits that are not in the cloud, held-back ones included. */
function unsyncedOf({ replica, declaration }: OpenDataset): number {
  if (declaration.sync === "never") return 0;
  return replica.outbox + [...replica.attention.values()].filter(({ pending }) => pending !== null).length;
}

const waitsForPerson = {
  code: "not-found",
  message: "Some edits wait for a decision: see `problems`. Decide them, or sign out with unsynced: keep or discard.",
} as const;
