// What a run over one dataset works with.
import type { AnyResolver, CommitId, JsonValue, RebaseContext, ReplicaId, Resolver } from "@holdfast/core";
import type { SyncStatus } from "./api.ts";
import type { DatasetReplica } from "./dataset-replica.ts";
import type { Cost, RemoteStore } from "./remote-store.ts";
import type { RuntimeImplementation } from "./runtime.ts";

export interface SyncContext {
  readonly replica: DatasetReplica;
  readonly replicaId: ReplicaId;
  readonly remote: RemoteStore;
  readonly runtime: RuntimeImplementation;
  readonly resolver: Resolver<JsonValue> | AnyResolver | undefined;
  /** What this app makes of values: see RebaseContext. */
  readonly values: Pick<RebaseContext, "version" | "upgrade" | "isValid">;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: () => number;
  readonly newCommit: () => CommitId;
  readonly signal: AbortSignal;
  /** S-11: the dataset is to be deleted everywhere. */
  readonly deletes: boolean;
  readonly onPhase: (phase: SyncStatus["phase"]) => void;
  readonly onProgress: (progress: { readonly pulled: number; readonly total: number | null }) => void;
  readonly onCost: (purpose: "push" | "pull" | "poll" | "verify", cost: Cost) => void;
}
