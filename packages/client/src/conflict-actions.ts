// What a person does with what waits for one: decide a conflict, bring back what lost, try a refused record again.
import {
  clashesFor,
  editRecord,
  mergeRecords,
  parseDatasetName,
  parseRecordKey,
  SyncError,
  versionValue,
  type Conflict,
  type ConflictRecord,
  type Edit,
  type JsonValue,
  type LocalRecord,
  type Resolution,
  type Resolver,
  type View,
} from "@holdfast/core";
import type { IdentityVault } from "./identity-vault.ts";
import { ValueReader } from "./value-reader.ts";

/** Decides an open conflict; of a settled one, brings back what is chosen, keeping what was edited elsewhere since. */
export async function resolveConflict(
  vault: IdentityVault,
  id: string,
  resolution: Resolution<JsonValue>,
  now: number,
): Promise<void> {
  const conflict = (await vault.conflicts()).find((record) => record.id === id);
  if (!conflict) throw notFound(`There is no conflict ${JSON.stringify(id)}; it may be older than 30 days.`);
  const dataset = vault.dataset(parseDatasetName(conflict.dataset));
  const key = parseRecordKey(conflict.key);
  const chosen =
    resolution.type === "value" ? new ValueReader(dataset.declaration).check(key, resolution.value) : undefined;
  await dataset.queue.settled();
  await dataset.replica.transact("here", { type: "keys", keys: [key] }, (view) => {
    const current = view.records.get(key);
    const decided = decide(conflict, current, resolution, { chosen, resolver: dataset.declaration.resolver });
    const settled: ConflictRecord = {
      ...conflict,
      ...(current && isHeldBy(current, conflict) ? sidesOf(current, dataset.declaration.resolver) : {}),
      state: "settled",
      result: decided,
      reason: `Decided in the app: ${resolution.type}.`,
      at: now,
    };
    // A value of the app's own is in the version that it declares; the others are in the record's.
    const { version } = dataset.declaration;
    const isOwn = resolution.type === "value" && Number.isFinite(version);
    const change = written(view, conflict, {
      key,
      value: decided,
      now,
      schema: isOwn ? version : (current?.schema ?? 1),
    });
    return { change: { ...change, conflicts: [settled] }, result: undefined };
  });
}

function decide(
  conflict: ConflictRecord,
  current: LocalRecord | undefined,
  resolution: Resolution<JsonValue>,
  { chosen, resolver }: { readonly chosen: JsonValue | undefined; readonly resolver: Resolver<JsonValue> },
): JsonValue | undefined {
  switch (resolution.type) {
    case "value":
      return chosen;
    case "removed":
      return undefined;
    case "ask":
      throw new SyncError({
        code: "invalid-value",
        message: 'resolveConflict decides; "ask" decides nothing. Choose local, remote, removed or a value.',
      });
    case "local":
    case "remote":
      return current && isHeldBy(current, conflict)
        ? decideOpen(current, resolution.type, resolver)
        : restore(conflict, current, resolution.type, resolver);
  }
}

type Side = "local" | "remote";

/** Whether it is this conflict that waits for a decision: of the same record there may be older ones. */
const isHeldBy = (current: LocalRecord | undefined, { id }: ConflictRecord): boolean =>
  current?.hold?.type === "conflict" && current.hold.id === id;

/** What was written here or pulled since the conflict was met is what loses or wins, and what can be brought back. */
function sidesOf(current: LocalRecord, declared: Resolver<JsonValue>): Partial<Conflict<JsonValue>> {
  const sides = { base: heldBase(current), local: current.value, remote: versionValue(current.base) };
  const resolver = clashesFor("local", declared);
  const outcome = mergeRecords({ key: current.key, ...sides, localModifiedAt: 0, remoteModifiedAt: 0, resolver });
  if (outcome.type === "clean") return sides;
  const { localPatch, remotePatch, clashes } = outcome.conflict;
  return { ...sides, localPatch, remotePatch, clashes };
}

/** As the resolver would have: what did not clash is kept from both. */
function decideOpen(current: LocalRecord, side: Side, resolver: Resolver<JsonValue>): JsonValue | undefined {
  const sides = { base: heldBase(current), local: current.value, remote: versionValue(current.base) };
  return mergedFor(side, current.key, sides, resolver);
}

const heldBase = ({ hold }: LocalRecord): JsonValue | undefined => (hold?.type === "conflict" ? hold.base : undefined);

/** As the conflict would have ended, laid upon what has become of the record since. */
function restore(
  conflict: ConflictRecord,
  current: LocalRecord | undefined,
  side: Side,
  resolver: Resolver<JsonValue>,
): JsonValue | undefined {
  const { key, result, clashes } = conflict;
  const wanted = clashes.includes("") ? conflict[side] : mergedFor(side, key, conflict, resolver);
  return mergedFor("local", key, { base: result, local: wanted, remote: current?.value }, resolver);
}

function mergedFor(
  side: Side,
  key: string,
  { base, local, remote }: Pick<Conflict<JsonValue>, "base" | "local" | "remote">,
  declared: Resolver<JsonValue>,
): JsonValue | undefined {
  const resolver = clashesFor(side, declared);
  const outcome = mergeRecords({ key, base, local, remote, localModifiedAt: 0, remoteModifiedAt: 0, resolver });
  return outcome.type === "asked" ? local : outcome.value;
}

/** The record with the edit, no longer held back. */
function written(view: View, conflict: ConflictRecord, edit: Omit<Edit, "order">) {
  const { state } = view;
  const current = view.records.get(edit.key);
  const free = current && isHeldBy(current, conflict) ? { ...current, hold: null } : current;
  const inAttempt = state.attempt?.records.some((sent) => sent.key === edit.key) ?? false;
  const edited = editRecord(free, { ...edit, order: state.nextOrder }, inAttempt);
  const record = edited.type === "edited" ? edited.record : (free ?? null);
  return { state: { ...state, nextOrder: state.nextOrder + 1 }, records: new Map([[edit.key, record]]) };
}

/** Offers a record again that the cloud refused. */
export async function retryRejected(vault: IdentityVault, id: string): Promise<void> {
  await changeRejected(vault, id, (record) => ({ ...record, hold: null }));
}

/** Gives up an edit that the cloud refused: the record is again what the cloud holds. */
export async function discardRejected(vault: IdentityVault, id: string): Promise<void> {
  await changeRejected(vault, id, ({ base, key }) =>
    base === null
      ? null
      : {
          ...{ key, base, value: versionValue(base) },
          modifiedAt: base.modifiedAt,
          schema: base.schema,
          pending: null,
          hold: null,
        },
  );
}

async function changeRejected(
  vault: IdentityVault,
  id: string,
  change: (record: LocalRecord) => LocalRecord | null,
): Promise<void> {
  for (const dataset of vault.datasets) {
    for (const [key, { hold }] of dataset.replica.attention) {
      if (hold?.type !== "rejected" || hold.id !== id) continue;
      await dataset.replica.transact("here", { type: "keys", keys: [key] }, (view) => {
        const record = view.records.get(key);
        const isStill = record?.hold?.type === "rejected" && record.hold.id === id;
        return { change: isStill ? { records: new Map([[key, change(record)]]) } : {}, result: undefined };
      });
      return;
    }
  }
  throw notFound(`There is no refused record ${JSON.stringify(id)}; it may have been written anew since.`);
}

const notFound = (message: string): SyncError => new SyncError({ code: "not-found", message });
