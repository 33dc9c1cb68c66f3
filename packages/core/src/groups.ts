// S-16: the records that a transaction writes go up in one commit, or not at all. They share their place in the outbox.
// Groups that share a record become one; where that is too much for a commit, the shared record keeps what it was in the
// older group as a sealed layer, which goes up first.
import { layerBytes } from "./commit-plan.ts";
import type { RecordKey } from "./ids.ts";
import { groupsOf, layersOf, nextLayer } from "./layers.ts";
import { commitBytesMax, commitRecordsMax } from "./limits.ts";
import { editRecord, type Edit } from "./local-edit.ts";
import type { RebaseContext } from "./rebase.ts";
import { rebaseGroups, type GroupsRebased } from "./rebase-group.ts";
import { settledRecord, waitsForAnother, type LocalRecord } from "./record.ts";
import { recordsAfter } from "./replica-view.ts";
import { SyncError } from "./sync-error.ts";

type Records = ReadonlyMap<RecordKey, LocalRecord>;
type Changed = ReadonlyMap<RecordKey, LocalRecord | null>;

/**
 * The edits of one transaction, all with the same place in the outbox, the next one. `records` holds the newest groups of
 * the records that they change, whole.
 * @throws SyncError `transaction-too-large`, and what `editRecord` throws
 */
export function editGroup(
  records: Records,
  edits: readonly Edit[],
  inAttempt: ReadonlySet<RecordKey>,
  recordsMax = commitRecordsMax,
): Changed {
  const changed = new Map<RecordKey, LocalRecord | null>();
  for (const edit of edits) {
    const outcome = editRecord(records.get(edit.key), edit, inAttempt.has(edit.key));
    if (outcome.type === "edited") changed.set(edit.key, outcome.record);
  }
  const written = [...changed.values()].filter((record) => record?.pending != null) as readonly LocalRecord[];
  assertFits(written, recordsMax);
  const order = edits[0]?.order ?? 0;
  if (written.length < 2) return changed;
  for (const record of unite(records, written, recordsMax) ?? seal(records, written, order))
    changed.set(record.key, record);
  return changed;
}

/** One group of all that shares a record with it; null: that would not go into one commit. */
function unite(records: Records, written: readonly LocalRecord[], recordsMax: number): readonly LocalRecord[] | null {
  const places = new Set(written.flatMap(({ key }) => groupsOf(records.get(key) ?? none(key)).slice(-1)));
  const writtenKeys = new Set(written.map(({ key }) => key));
  const joined = [...records.values()].filter(
    (record) => !writtenKeys.has(record.key) && groupsOf(record).some((place) => places.has(place)),
  );
  const all = [...written, ...joined];
  // What lies above an earlier layer can't go up before it.
  const isLayered = all.some(({ pending }) => pending?.group && pending.group.sealed.length > 0);
  if (!fits(all, recordsMax) || (isLayered && places.size > 1)) return null;
  const order = Math.min(...(places.size > 0 ? places : written.map(({ pending }) => pending?.order ?? 0)));
  return all.flatMap((record) => {
    const { pending } = record;
    if (!pending) return [];
    // One that belongs to this group with an earlier layer stays as it is.
    if (pending.group && !places.has(pending.order)) return [];
    const group = pending.group ?? { sealed: [] };
    return [{ ...record, pending: { ...pending, order, group } }];
  });
}

/** A group of its own, upon what its records are in other groups. */
function seal(records: Records, written: readonly LocalRecord[], order: number): readonly LocalRecord[] {
  return written.flatMap((record) => {
    const { pending, hold, key } = record;
    if (!pending) return [];
    const before = records.get(key);
    // What waits for a person has one value, which goes with the newest group.
    const isSealed = before?.pending?.group && hold?.type !== "conflict";
    const sealed = isSealed ? layersOf(before) : [];
    return [{ ...record, pending: { ...pending, order, group: { sealed } } }];
  });
}

/** Gives up an edit, and with it all of the transaction that it is of: what was written on top of it is laid upon the rest. */
export function discardEdit(records: Records, key: RecordKey, context: RebaseContext): GroupsRebased {
  const record = records.get(key);
  if (!record?.pending?.group)
    return { records: new Map([[key, settledRecord(key, record?.base ?? null)]]), conflicts: [] };
  const members = [...records.values()].filter(({ pending }) => pending?.group);
  return rebaseGroups(members, new Map(), context, nextLayer(record).order);
}

/** Offers an edit again that was refused, and all that was refused with it. */
export function retryEdit(records: Records, key: RecordKey): Changed {
  const record = records.get(key);
  if (!record) return new Map();
  const place = nextLayer(record).order;
  const isWith = (other: LocalRecord): boolean =>
    other.key === key || (record.pending?.group !== undefined && groupsOf(other)[0] === place);
  const offered = [...records.values()].filter((other) => isWith(other) && other.hold?.type === "rejected");
  return new Map(offered.map((other) => [other.key, { ...other, hold: null }]));
}

const none = (key: RecordKey): LocalRecord => ({
  ...{ key, base: null, value: undefined, modifiedAt: 0, schema: 0, pending: null, hold: null },
});

const bytesOf = (records: readonly LocalRecord[]): number =>
  records.reduce((sum, record) => sum + layerBytes(record.key, record), 0);

const fits = (records: readonly LocalRecord[], recordsMax: number): boolean =>
  records.length <= recordsMax && bytesOf(records) <= commitBytesMax;

/** @throws SyncError `transaction-too-large` */
export function assertFits(records: readonly LocalRecord[], recordsMax = commitRecordsMax): void {
  if (fits(records, recordsMax)) return;
  throw new SyncError({
    code: "transaction-too-large",
    message: `A transaction writes at most ${recordsMax} records of together at most ${commitBytesMax} bytes, what DynamoDB takes at once; this one writes ${records.length} of ${bytesOf(records)}. Nothing was written; split it.`,
  });
}

/**
 * What is changed, with the holds of the groups that it belongs to: where one record of a group can't go up, none does.
 * `isClosed`: all records of all these groups are here, so that a group is let go as well.
 */
export function alignGroups(records: Records, changed: Changed, isClosed: boolean): Changed {
  const isConcerned = (record: LocalRecord | null | undefined): boolean =>
    record?.pending?.group !== undefined || record?.hold?.type === "group";
  if (![...changed].some(([key, record]) => isConcerned(record) || isConcerned(records.get(key)))) return changed;
  const after = recordsAfter(records, changed);
  const blocked = blockedPlaces(after, isClosed);
  const aligned = new Map(changed);
  for (const [key, record] of after) {
    if (record.hold && (record.hold.type !== "group" || !isClosed)) continue;
    const [first] = groupsOf(record);
    const blocker = first === undefined ? undefined : blocked.get(first);
    const isFree = blocker === undefined || waitsForAnother(record);
    const hold = isFree ? null : ({ type: "group", key: blocker } as const);
    if (hold?.key !== (record.hold?.type === "group" ? record.hold.key : undefined))
      aligned.set(key, { ...record, hold });
  }
  return aligned;
}

/** Place → a record for which the group there waits. A layer waits for those beneath it. */
function blockedPlaces(records: Records, isClosed: boolean): ReadonlyMap<number, RecordKey> {
  const members = [...records.values()].filter((record) => record.pending?.group);
  const blocked = new Map<number, RecordKey>();
  for (let before = -1; before < blocked.size;) {
    before = blocked.size;
    for (const record of members) {
      const places = groupsOf(record);
      const isOwn = waitsForAnother(record) || (record.hold !== null && (record.hold.type !== "group" || !isClosed));
      const from = isOwn ? 0 : places.findIndex((place) => blocked.has(place));
      if (from < 0) continue;
      const cause = isOwn ? record.key : (blocked.get(places[from] ?? 0) ?? record.key);
      for (const place of places.slice(from)) if (!blocked.has(place)) blocked.set(place, cause);
    }
  }
  return blocked;
}
