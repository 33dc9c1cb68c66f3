// The local store of browsers: one IndexedDB database for each vault, declared and opened by Dexie.
import { Dexie } from "dexie";
import { SyncError } from "@holdfast/core";
import type { LocalStoreImplementation, Vault } from "../local-store.ts";
import { DexieVault } from "./dexie-vault.ts";
import { idbErrorToSyncError } from "./idb-error.ts";
import { declareSchema } from "./schema.ts";

export function dexieLocalStore(): LocalStoreImplementation {
  return {
    kind: "indexeddb",
    async open(name, { durability }): Promise<Vault> {
      if (typeof globalThis.indexedDB === "undefined") throw noIndexedDb();
      const vault = new DexieVault(declareSchema(name), durability);
      await vault.open();
      return vault;
    },
    async delete(name) {
      await Dexie.delete(name).catch((error: unknown) => {
        throw idbErrorToSyncError(error);
      });
    },
  };
}

const noIndexedDb = (): SyncError =>
  new SyncError({
    code: "storage-unavailable",
    message:
      "There is no IndexedDB here (a server, or a browser that blocks storage). Allow storage for this site, or pass `storage`.",
  });
