// What IndexedDB and Dexie throw → SyncError. Decided by the error's name, the only stable part.
import { SyncError, type SyncErrorCode } from "@holdfast/core";
import { Dexie } from "dexie";

/** Whether the connection is gone while the database may still be there: worth opening once more. */
export const isConnectionLost = (error: unknown): boolean =>
  errorName(error) === "InvalidStateError" || errorName(error) === "DatabaseClosedError";

/** Anything that is not the database's own (what a decision threw) is passed on as it is. */
export function idbErrorToSyncError(error: unknown): unknown {
  if (!(error instanceof DOMException || error instanceof Dexie.DexieError)) return error;
  const [code, message] = explain(errorName(error));
  return new SyncError({ code, message }, { cause: error });
}

function explain(name: string): readonly [SyncErrorCode, string] {
  switch (name) {
    case "QuotaExceededError":
      return [
        "storage-full",
        "The browser has no room left for this app's data; nothing of this write was stored. Free some space on the device, then try again.",
      ];
    case "VersionError":
      return ["reload-needed", "A newer version of this app has upgraded its data on this device. Reload the page."];
    case "MissingAPIError":
    case "SecurityError":
      return [
        "storage-unavailable",
        "This environment has no IndexedDB that may be used (a server, or a browser that blocks storage). Allow storage for this site, or pass `storage`.",
      ];
    default:
      return [
        "storage-unavailable",
        `The browser's database failed (${name}). Earlier data is not touched; try again, and reload the page if it keeps failing.`,
      ];
  }
}

/** Dexie wraps the browser's error as `inner`. */
function errorName(error: unknown): string {
  if (typeof error !== "object" || error === null) return "unknown";
  const inner = "inner" in error ? error.inner : null;
  if (inner instanceof Error || (typeof inner === "object" && inner !== null && "name" in inner)) {
    const name = errorName(inner);
    if (name === "QuotaExceededError" || name === "VersionError") return name;
  }
  return "name" in error && typeof error.name === "string" ? error.name : "unknown";
}
