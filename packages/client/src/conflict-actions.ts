// What a person does with what waits for one: decide a conflict, bring back what lost, try a refused record again.
import {
  clashesFor,
  discardEdit,
  editGroup,
  groupsOf,
  mergeRecords,
  nextLayer,
  parseDatasetName,
  parseRecordKey,
  retryEdit,
  SyncError,
  versionValue,
  type Change,
  type Conflict,
  type ConflictMember,
  type ConflictRecord,
  type Edit,
  type JsonValue,
  type LocalRecord,
  type RecordKey,
  type Resolution,
  type Resolver,
  type View,
} from "@holdfast/core";
import type { IdentityVault } from "./identity-vault.ts";
import type { OpenDataset } from "./open-dataset.ts";
import { ValueReader } from "./value-reader.ts";

/**
 * Decides an open conflict, and with it what else of its transaction waits for a decision (S-16); of a settled one, brings
 * back what is chosen, keeping what was edited elsewhere since.
 */
export async function resolveConflict(
  vault: IdentityVault,
  id: string,
  resolution: Resolution<JsonValue>,
  now: number,
): Promise<void> {
  const known = await vault.conflicts();
  const conflict = known.find((record) => record.id === id);
  if (!conflict) throw notFound(`There is no conflict ${JSON.stringify(id)}; it may be older than 30 days.`);
  const dataset = vault.dataset(parseDatasetName(conflict.dataset));
  const key = parseRecordKey(conflict.key);
  const chosen =
    resolution.type === "value" ? new ValueReader(dataset.declaration).check(key, resolution.value) : undefined;
  await dataset.queue.settled();
  const keys = [key, ...membersOf(conflict).map((member) => member.key)];
  await dataset.replica.transact("here", { type: "keys", keys }, (view) => {
    const current = view.records.get(key);
    const decision: Decision = { dataset, key, resolution, chosen, now };
    if (!current || !isHeldBy(current, conflict))
      return { change: bringBack(view, conflict, decision), result: undefined };
    const asked = askedWith(current, view).flatMap((record) => {
      const open = known.find((other) => isHeldBy(record, other));
      return open ? [{ record, open }] : [];
    });
    const all = [{ record: current, open: conflict }, ...asked];
    const isGivenUp = resolution.type === "remote" && current.pending?.group !== undefined;
    return { change: isGivenUp ? giveUp(view, all, decision) : takeUp(view, all, decision), result: undefined };
  });
}

interface Decision {
  readonly dataset: OpenDataset;
  readonly key: RecordKey;
  readonly resolution: Resolution<JsonValue>;
  /** The app's own value, checked. */
  readonly chosen: JsonValue | undefined;
  readonly now: number;
}

/** A record that waits for a person, and the conflict that says so. */
interface Asked {
  readonly record: LocalRecord;
  readonly open: ConflictRecord;
}

/** What else of its transaction waits for a person. */
function askedWith({ key, pending, ...rest }: LocalRecord, { records }: View): readonly LocalRecord[] {
  if (!pending?.group) return [];
  const place = nextLayer({ key, pending, ...rest }).order;
  return [...records.values()].filter(
    (other) => other.key !== key && other.hold?.type === "conflict" && groupsOf(other)[0] === place,
  );
}

/** The cloud's side is taken: none of the transaction is left. */
function giveUp(view: View, asked: readonly Asked[], { dataset, key, now, resolution }: Decision): Change {
  const { declaration, name, values } = dataset;
  const context = { dataset: name, resolver: declaration.resolver, now, ...values };
  const dropped = discardEdit(view.records, key, context);
  const conflicts = asked.map(({ record, open }) =>
    settledAs(open, record, { result: versionValue(record.base), type: resolution.type, dataset, now }),
  );
  return { records: dropped.records, conflicts: [...dropped.conflicts, ...conflicts] };
}

/** The records as they were decided, and this device's side of what else waits with them. */
function takeUp(view: View, asked: readonly Asked[], decision: Decision): Change {
  const { dataset, key, resolution, now } = decision;
  const { resolver } = dataset.declaration;
  const decided = asked.map(({ record, open }) => ({
    ...{ record, open },
    value: record.key === key ? decide(open, record, decision) : decideOpen(record, "local", resolver),
  }));
  const edits = decided.map(({ record, value }) => ({
    ...{ key: record.key, value, now },
    schema: schemaOf(decision, record.key, record),
  }));
  const conflicts = decided.map(({ record, open, value }) =>
    settledAs(open, record, { result: value, type: resolution.type, dataset, now }),
  );
  return { ...written(view, new Set(asked.map(({ open }) => open.id)), edits), conflicts };
}

/** Of a settled conflict; S-16: a side is brought back for all that was decided with it. */
function bringBack(view: View, conflict: ConflictRecord, decision: Decision): Change {
  const { dataset, key, resolution, now } = decision;
  const current = view.records.get(key);
  const value = decide(conflict, current, decision);
  const edits = [{ key, value, now, schema: schemaOf(decision, key, current) }];
  const side = resolution.type === "local" || resolution.type === "remote" ? resolution.type : null;
  for (const member of side ? membersOf(conflict) : []) {
    const there = view.records.get(member.key);
    const sides = { base: member.result, local: side === "local" ? member.local : member.remote, remote: there?.value };
    const back = mergedFor("local", member.key, sides, dataset.declaration.resolver);
    edits.push({ key: member.key, value: back, now, schema: there?.schema ?? 1 });
  }
  const settled = settledAs(conflict, undefined, { result: value, type: resolution.type, dataset, now });
  return { ...written(view, new Set(), edits), conflicts: [settled] };
}

const membersOf = ({ group = [] }: ConflictRecord): readonly (ConflictMember & { readonly key: RecordKey })[] =>
  group.map((member) => ({ ...member, key: parseRecordKey(member.key) }));

/** A value of the app's own is in the version that it declares; the others are in the record's. */
function schemaOf({ dataset, key, resolution }: Decision, of: RecordKey, record: LocalRecord | undefined): number {
  const { version } = dataset.declaration;
  const isOwn = resolution.type === "value" && of === key && Number.isFinite(version);
  return isOwn ? version : (record?.schema ?? 1);
}

function settledAs(
  conflict: ConflictRecord,
  held: LocalRecord | undefined,
  { result, type, dataset, now }: { result: JsonValue | undefined; type: string; dataset: OpenDataset; now: number },
): ConflictRecord {
  return {
    ...conflict,
    ...(held ? sidesOf(held, dataset.declaration.resolver) : {}),
    ...{ state: "settled", result, reason: `Decided in the app: ${type}.`, at: now },
  };
}

function decide(
  conflict: ConflictRecord,
  current: LocalRecord | undefined,
  { resolution, chosen, dataset }: Decision,
): JsonValue | undefined {
  const { resolver } = dataset.declaration;
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

/** The records with the edits, those of the conflicts no longer held back. */
function written(view: View, decided: ReadonlySet<string>, edits: readonly Omit<Edit, "order">[]): Change {
  const { state } = view;
  const isDecided = ({ hold }: LocalRecord): boolean => hold?.type === "conflict" && decided.has(hold.id);
  const records = new Map(
    [...view.records].map(([key, record]) => [key, isDecided(record) ? { ...record, hold: null } : record]),
  );
  const sent = new Set(state.attempt?.records.map(({ key }) => key));
  const placed = edits.map((edit) => ({ ...edit, order: state.nextOrder }));
  const changed = new Map(editGroup(records, placed, sent));
  // One that was decided to be what it is already is let go as well.
  for (const { key } of edits) if (!changed.has(key) && records.has(key)) changed.set(key, records.get(key) ?? null);
  return { state: { ...state, nextOrder: state.nextOrder + 1 }, records: changed };
}

/** Offers a record again that the cloud refused; where it was written in a transaction, all of it. */
export async function retryRejected(vault: IdentityVault, id: string): Promise<void> {
  await changeRejected(vault, id, ({ records }, key) => ({ records: retryEdit(records, key) }));
}

/** Gives up an edit that the cloud refused, with its transaction: the records are again what the cloud holds. */
export async function discardRejected(vault: IdentityVault, id: string, now: number): Promise<void> {
  await changeRejected(vault, id, ({ records }, key, { declaration, name, values }) =>
    discardEdit(records, key, { dataset: name, resolver: declaration.resolver, now, ...values }),
  );
}

async function changeRejected(
  vault: IdentityVault,
  id: string,
  change: (view: View, key: RecordKey, dataset: OpenDataset) => Change,
): Promise<void> {
  for (const dataset of vault.datasets) {
    for (const [key, { hold }] of dataset.replica.attention) {
      if (hold?.type !== "rejected" || hold.id !== id) continue;
      await dataset.replica.transact("here", { type: "keys", keys: [key] }, (view) => {
        const held = view.records.get(key)?.hold;
        const isStill = held?.type === "rejected" && held.id === id;
        return { change: isStill ? change(view, key, dataset) : {}, result: undefined };
      });
      return;
    }
  }
  throw notFound(`There is no refused record ${JSON.stringify(id)}; it may have been written anew since.`);
}

const notFound = (message: string): SyncError => new SyncError({ code: "not-found", message });
