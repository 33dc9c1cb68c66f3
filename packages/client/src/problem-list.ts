// What needs a person or a developer, of all datasets.
import { isOutdated, type ConflictRecord, type SyncErrorInfo } from "@holdfast/core";
import type { Problem } from "./api.ts";
import type { OpenDataset } from "./open-dataset.ts";

export function problemsOf(
  datasets: readonly OpenDataset[],
  open: readonly ConflictRecord[],
  /** Of the local store, and of what concerns every dataset. */
  errors: { readonly storage: SyncErrorInfo | null; readonly run: SyncErrorInfo | null },
): readonly Problem[] {
  const problems: Problem[] = errors.storage ? [{ type: "storage", error: errors.storage }] : [];
  if (errors.run) problems.push({ type: "blocked", dataset: null, error: errors.run });
  for (const conflict of open) problems.push({ type: "conflict", ...conflict });
  for (const dataset of datasets) problems.push(...datasetProblems(dataset));
  return Object.freeze(problems.map((problem) => Object.freeze(problem)));
}

function datasetProblems(dataset: OpenDataset): readonly Problem[] {
  const { name, replica, isBlocked, error, unreadable, damagedItems } = dataset;
  const problems: Problem[] = [];
  const unreadableKeys = new Map<string, SyncErrorInfo>(unreadable);
  for (const [key, record] of replica.attention) {
    const { hold, value, base } = record;
    if (hold?.type === "rejected") {
      problems.push({ type: "rejected", id: hold.id, dataset: name, key, value, error: hold.error, at: hold.at });
    }
    if (base?.content.type === "unreadable") unreadableKeys.set(key, base.content.error);
    else if (isOutdated(record)) unreadableKeys.set(key, outdated(name, key));
  }
  for (const [key, problem] of damagedItems) unreadableKeys.set(key, problem);
  for (const key of replica.damaged) unreadableKeys.set(key, damagedRow(name, key));
  problems.push(...groupedByError(name, unreadableKeys));
  if (isBlocked && error) problems.push({ type: "blocked", dataset: name, error });
  return problems;
}

/** One problem for all keys of the same kind of error. */
function groupedByError(dataset: string, errors: ReadonlyMap<string, SyncErrorInfo>): readonly Problem[] {
  const groups = new Map<SyncErrorInfo["code"], { keys: string[]; error: SyncErrorInfo }>();
  for (const [key, error] of errors) {
    const group = groups.get(error.code);
    if (group) group.keys.push(key);
    else groups.set(error.code, { keys: [key], error });
  }
  return [...groups.values()].map(({ keys, error }) => ({
    type: "unreadable",
    dataset,
    keys: Object.freeze(keys),
    error,
  }));
}

const outdated = (dataset: string, key: string): SyncErrorInfo => ({
  code: "format-too-new",
  message: `The record ${JSON.stringify(key)} of "${dataset}" was changed by a newer version of this app; the edit made here waits for it. Update the app.`,
  dataset,
  key,
});

const damagedRow = (dataset: string, key: string): SyncErrorInfo => ({
  code: "internal",
  message: `The stored record ${JSON.stringify(key)} of "${dataset}" is damaged on this device. \`verify()\` fetches the cloud's copy; the damaged one is kept aside.`,
  dataset,
  key,
});
