// The tables of a vault. Field names are short because every stored row repeats them.
import { Dexie } from "dexie";

/** Object stores by what they hold. */
export const stores = {
  /** One row for each record, key `[d, k]`. The outbox is the index `[d, p]`: only rows that may go up have a `p`. */
  records: "records",
  /** One row for each dataset: checkpoint, attempt. */
  datasets: "datasets",
  conflicts: "conflicts",
  meta: "meta",
  /** Damaged rows that were written over, kept for rescue. */
  aside: "aside",
} as const;

export const outboxIndex = "[d+p]";
/** Rows that are held back or can't be read have an `x`. */
export const attentionIndex = "[d+x]";
/** Rows that were written in a transaction name its places, each with the dataset. */
export const groupIndex = "g";

/** Dexie multiplies its versions by ten. */
export const schemaVersion = 2;

/** Declares the schema; every version that was ever released stays here, so that old databases can be upgraded. */
export function declareSchema(name: string): Dexie {
  const db = new Dexie(name, { autoOpen: false });
  const records = `[d+k], ${outboxIndex}, ${attentionIndex}`;
  db.version(1).stores({
    [stores.records]: records,
    [stores.datasets]: "d",
    [stores.conflicts]: "id",
    [stores.meta]: "n",
    [stores.aside]: "++",
  });
  db.version(schemaVersion).stores({ [stores.records]: `${records}, *${groupIndex}` });
  return db;
}
