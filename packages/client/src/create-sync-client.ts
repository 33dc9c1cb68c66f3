import type { AnyResolver } from "@holdfast/core";
import type { AutoSyncOptions, Cloud, Definitions, LocalStore, Runtime, SyncClient } from "./api.ts";
import { HoldfastClient } from "./holdfast-client.ts";

export interface SyncClientOptions<D extends Definitions> {
  /** From `cognitoDynamo` of "@holdfast/client/aws". */
  readonly cloud: Cloud;
  /** By name, or by a prefix with a star: `{ notes: …, "site.*": … }`. Without it, any name may be opened. */
  readonly datasets?: D;
  /** Default "holdfast". Prefix of all databases, locks and channels: another one is another device. */
  readonly databaseName?: string;
  /** Default true. */
  readonly autoSync?: boolean | AutoSyncOptions;
  /** For datasets without one of their own. Default newestWins. */
  readonly resolver?: AnyResolver;
  /** Soft: polling slows, nothing stops. */
  readonly monthlyBudget?: { readonly readUnits?: number; readonly writeUnits?: number };
  /** Default: IndexedDB. */
  readonly storage?: LocalStore;
  /** Of IndexedDB's transactions. Default relaxed, as browsers have it: a power cut may take the last moments. */
  readonly durability?: "relaxed" | "strict";
  /** Default: the browser's. */
  readonly runtime?: Runtime;
}

/**
 * A client of one app's datasets on this device. Synchronous; it touches neither storage nor network before the first
 * use, so a module may export it and a server may import it.
 * @throws SyncError `invalid-name`, `invalid-value`, `cloud-misconfigured` where an option can't be right
 */
export const createSyncClient = <const D extends Definitions = Definitions>(
  options: SyncClientOptions<D>,
): SyncClient<D> => new HoldfastClient<D>(options);
