// S-16: what pulled versions do to the records of groups. A group is decided whole: where one of its records clashes
// beyond its path policies, the newest of the clashes decides for all of them.
import { conflictOf } from "./conflict-record.ts";
import type { ConflictMember, ConflictRecord } from "./conflict.ts";
import type { RecordKey } from "./ids.ts";
import { LayerStack, type Arrival } from "./layer-stack.ts";
import type { RebaseContext, Rebased } from "./rebase.ts";
import type { Layer, LocalRecord } from "./record.ts";

export interface GroupsRebased {
  /** Only what changes; null: the record goes. */
  readonly records: ReadonlyMap<RecordKey, LocalRecord | null>;
  readonly conflicts: readonly ConflictRecord[];
}

/** `members`: all records of the groups that the arrivals touch. `dropped`: the place of a group that is given up. */
export function rebaseGroups(
  members: readonly LocalRecord[],
  arrivals: ReadonlyMap<RecordKey, Arrival>,
  context: RebaseContext,
  dropped: number | null = null,
): GroupsRebased {
  const stacks = members.map((record) => LayerStack.of(record, arrivals.get(record.key), context));
  const places = new Set(stacks.flatMap(({ layers }) => layers.map(({ order }) => order)));
  const conflicts: ConflictRecord[] = [];
  for (const place of [...places].sort((a, b) => a - b)) {
    const parts = partsAt(stacks, place, context);
    conflicts.push(...(place === dropped ? dropAll(parts, context) : settle(parts, context)));
  }
  const records = new Map<RecordKey, LocalRecord | null>();
  for (const { record, result } of stacks) if (result !== undefined) records.set(record.key, result);
  return { records, conflicts };
}

/** One record's part of a group. */
interface Part {
  readonly stack: LayerStack;
  readonly layer: Layer;
  /** null: nothing beneath it has changed. */
  readonly rebased: Rebased | null;
}

const partsAt = (stacks: readonly LayerStack[], place: number, context: RebaseContext): readonly Part[] =>
  stacks.flatMap((stack) => {
    const layer = stack.at(place);
    return layer ? [{ stack, layer, rebased: stack.rebase(layer, context) }] : [];
  });

/** Where a person is asked about one of the clashes, so they are about all of them, and the group waits. */
function settle(parts: readonly Part[], context: RebaseContext): readonly ConflictRecord[] {
  const isWaiting = parts.some(isAsked);
  const settled = isWaiting && !context.cloudRestored ? parts.map((part) => asking(part, context)) : parts;
  const deciding = newestClash(settled);
  if (parts.length > 1 && deciding) return decideAll(settled, deciding, context);
  for (const { stack, layer, rebased } of settled) stack.keep(layer, rebased);
  return settled.flatMap(({ rebased }) => rebased?.conflict ?? []);
}

const asking = (part: Part, context: RebaseContext): Part =>
  isClash(part) ? { ...part, rebased: part.stack.rebase(part.layer, { ...context, decided: "ask" }) } : part;

/** Whether a person must decide the record, now or since before. */
const isAsked = (part: Part): boolean =>
  part.rebased ? part.rebased.record?.hold?.type === "conflict" : wasAsked(part);
const wasAsked = ({ stack }: Part): boolean => stack.record.hold?.type === "conflict";
const isClash = ({ rebased }: Part): boolean => rebased?.won !== undefined;

/** Of two of the same time that of the later key, so that every device finds the same. */
function newestClash(parts: readonly Part[]): Part | undefined {
  const timeOf = ({ rebased }: Part): number =>
    Math.max(rebased?.conflict?.localModifiedAt ?? 0, rebased?.conflict?.remoteModifiedAt ?? 0);
  return parts
    .filter(isClash)
    .toSorted((a, b) => timeOf(a) - timeOf(b) || (a.stack.record.key < b.stack.record.key ? -1 : 1))
    .at(-1);
}

const decidedWith = "What was written in one transaction with it was decided with it.";

function decideAll(parts: readonly Part[], deciding: Part, context: RebaseContext): readonly ConflictRecord[] {
  const conflict = deciding.rebased?.conflict;
  if (!conflict) throw new Error("broken invariant: a clash without a conflict");
  const isRemote = deciding.rebased?.won === "remote";
  const group: ConflictMember[] = [];
  const notes: ConflictRecord[] = [];
  for (const part of parts) {
    const { stack, layer } = part;
    const { before, after } = stack;
    const isLost = isRemote || isClash(part);
    if (isRemote) notes.push(...dropPart(part, context, deciding));
    else notes.push(...keepLocal(part, context, deciding));
    if (part === deciding || !isLost) continue;
    group.push({ key: stack.record.key, base: before, local: layer.value, remote: after, result: stack.after });
  }
  const result = isRemote ? deciding.stack.after : conflict.result;
  return [{ ...conflict, reason: `${conflict.reason} ${decidedWith}`, result, group }, ...notes];
}

/** This device's side of what clashes. Returns what is told beside the conflict that decides. */
function keepLocal(part: Part, context: RebaseContext, deciding: Part): readonly ConflictRecord[] {
  const { stack, layer, rebased } = part;
  const isDecided = part !== deciding && rebased !== null && (isClash(part) || isAsked(part));
  const kept = isDecided ? stack.rebase(layer, { ...context, decided: "local" }) : rebased;
  stack.keep(layer, kept);
  const isTold = part !== deciding && kept?.conflict && (wasAsked(part) || !isClash(part));
  return isTold ? [kept.conflict] : [];
}

/** The layer goes. An open conflict of it has ended by that. */
function dropPart(part: Part, context: RebaseContext, deciding: Part | null): readonly ConflictRecord[] {
  const { stack, layer, rebased } = part;
  stack.drop(layer);
  if (part === deciding || !wasAsked(part)) return [];
  const { record, after: result } = stack;
  const ending = { kind: "record", result, reason: "The transaction that it was written in was given up." } as const;
  const conflict = rebased?.conflict ?? conflictOf(record, record.base, context, ending);
  return [{ ...conflict, ...ending, state: "settled" }];
}

const dropAll = (parts: readonly Part[], context: RebaseContext): readonly ConflictRecord[] =>
  parts.flatMap((part) => dropPart(part, context, null));
