// The datasets of an identity: those that are here, and those that are only in the cloud.
import type { DatasetSummary } from "./api.ts";
import type { IdentityVault } from "./identity-vault.ts";
import type { DatasetHead } from "./remote-store.ts";

export function listDatasets(vault: IdentityVault, remote: readonly DatasetHead[]): readonly DatasetSummary[] {
  const local = vault.datasets.map(({ name, replica, declaration }) => ({
    ...{ name, local: true, records: replica.rows, lastSyncedAt: replica.state.lastSyncedAt },
    pending: declaration.sync === "never" ? 0 : replica.outbox,
  }));
  const known = new Set<string>(local.map(({ name }) => name));
  const elsewhere = remote
    .filter(({ dataset }) => !known.has(dataset))
    .map(({ dataset, head }) => ({
      ...{ name: dataset, local: false, records: head?.recordCount ?? 0, pending: 0, lastSyncedAt: null },
    }));
  return Object.freeze([...local, ...elsewhere].sort((a, b) => (a.name < b.name ? -1 : 1)));
}
