import { SyncError } from "@holdfast/core";

/** For what the API promises and this version does not have yet; nothing was done. */
export const notBuilt = (what: string): SyncError =>
  new SyncError({
    code: "internal",
    message: `${what} is not built yet in this version of Holdfast. Nothing was changed; see the changelog for what is.`,
  });
