import type { DatasetOptions, JsonCompatible } from "./api.ts";

/** Declares a dataset's type and rules; give it to `createSyncClient` as one of `datasets`. It does nothing by itself. */
export const defineDataset = <T extends JsonCompatible<T>>(options: DatasetOptions<T> = {}): DatasetOptions<T> =>
  options;
