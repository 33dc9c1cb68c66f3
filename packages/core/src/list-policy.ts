// Path policies for arrays. Their order never depends on which side is called local.
import type { JsonPointer, PathPolicy } from "./conflict.ts";
import { getOwn, isJsonArray, isJsonObject, jsonEquals, type JsonValue } from "./json-value.ts";
import { makePolicy, parsePolicies, policyTree, type PolicyNode, type PolicyResult, type Side } from "./path-policy.ts";
import { mergeThreeWay } from "./three-way.ts";

/**
 * An array as a set: what either side added is added, what either removed is removed. The base's order, then what is new,
 * sorted by its JSON text; doubles become one.
 */
export function unionSet(): PathPolicy {
  return makePolicy("unionSet", ({ base = [], local, remote }) => {
    if (!isJsonArray(base) || !isJsonArray(local) || !isJsonArray(remote)) return null;
    if (jsonEquals(local, remote)) return { value: remote, clashed: false };
    const [before, ours, theirs] = [membersByText(base), membersByText(local), membersByText(remote)];
    const kept = [...before].filter(([text]) => ours.has(text) && theirs.has(text));
    const added = [...new Map([...ours, ...theirs])].filter(([text]) => !before.has(text));
    const members = [...kept, ...added.sort(([a], [b]) => compareText(a, b))];
    return { value: Object.freeze(members.map(([, member]) => member)), clashed: false };
  });
}

/**
 * An array of objects, each known by its field `id`: a string or a number, no two alike. Items are merged field by field,
 * by the policies `items` (pointers from the item on) where they are named. An item that one side removed and the other
 * edited, or that both moved to different places, clashes; the others stay merged.
 */
export function listById(id: string, items: Readonly<Record<JsonPointer, PathPolicy>> = {}): PathPolicy {
  const policies = policyTree(parsePolicies(items));
  return makePolicy("listById", ({ base = [], local, remote }, side) => {
    const [before, ours, theirs] = [itemsById(base, id), itemsById(local, id), itemsById(remote, id)];
    return before && ours && theirs ? mergeLists({ base: before, local: ours, remote: theirs }, policies, side) : null;
  });
}

type Id = string | number;

/** In the list's order. */
type Items = ReadonlyMap<Id, JsonValue>;

interface Lists {
  readonly base: Items;
  readonly local: Items;
  readonly remote: Items;
}

/** null: no list of objects, or one without id, or two with the same. */
function itemsById(list: JsonValue | undefined, id: string): Items | null {
  if (!isJsonArray(list)) return null;
  const items = new Map<Id, JsonValue>();
  for (const item of list) {
    const key = isJsonObject(item) ? getOwn(item, id) : undefined;
    if ((typeof key !== "string" && typeof key !== "number") || items.has(key)) return null;
    items.set(key, item);
  }
  return items;
}

function mergeLists(lists: Lists, policies: PolicyNode | null, side: Side): PolicyResult {
  const { base, local, remote } = lists;
  const merged = new Map<Id, JsonValue>();
  let clashed = false;
  for (const id of new Set([...base.keys(), ...local.keys(), ...remote.keys()])) {
    const sides = { base: base.get(id), local: local.get(id), remote: remote.get(id) };
    const { value, clashes } = mergeThreeWay(sides, policies, side);
    if (clashes.length > 0) clashed = true;
    if (value !== undefined) merged.set(id, value);
  }
  const order = mergeOrder(lists, merged, side);
  const value = order.ids.flatMap((id) => merged.get(id) ?? []);
  return { value: Object.freeze(value), clashed: clashed || order.clashed };
}

interface Order {
  readonly ids: readonly Id[];
  readonly clashed: boolean;
}

/** First the items that both sides have; then, behind the one that it follows, what only one side has. */
function mergeOrder(lists: Lists, merged: Items, side: Side): Order {
  const isShared = (id: Id): boolean => merged.has(id) && lists.local.has(id) && lists.remote.has(id);
  const shared = orderShared(lists, isShared, side);
  const ours = runsByAnchor(lists.local, merged, isShared);
  const theirs = runsByAnchor(lists.remote, merged, isShared);
  const ids: Id[] = [];
  for (const anchor of [null, ...shared.ids]) {
    if (anchor !== null) ids.push(anchor);
    const [first, second] = inTextOrder(ours.get(anchor) ?? [], theirs.get(anchor) ?? []);
    ids.push(...first, ...second);
  }
  return { ids, clashed: shared.clashed };
}

/** Whoever moved something decides the order; both moved differently: a clash. */
function orderShared({ base, local, remote }: Lists, isShared: (id: Id) => boolean, side: Side): Order {
  const [ours, theirs] = [[...local.keys()].filter(isShared), [...remote.keys()].filter(isShared)];
  if (jsonEquals(ours, theirs)) return { ids: theirs, clashed: false };
  const isOld = (id: Id): boolean => base.has(id);
  const before = [...base.keys()].filter(isShared);
  const isOursMoved = !jsonEquals(ours.filter(isOld), before);
  const isTheirsMoved = !jsonEquals(theirs.filter(isOld), before);
  if (isOursMoved !== isTheirsMoved) return { ids: isOursMoved ? ours : theirs, clashed: false };
  if (jsonEquals(ours.filter(isOld), theirs.filter(isOld))) {
    // They differ only in where they put what both added.
    return { ids: inTextOrder(ours, theirs)[0], clashed: false };
  }
  return { ids: side === "local" ? ours : theirs, clashed: true };
}

/** What only this side has, by the shared item that it follows; null: none, it stands at the start. */
function runsByAnchor(items: Items, merged: Items, isShared: (id: Id) => boolean): ReadonlyMap<Id | null, Id[]> {
  const runs = new Map<Id | null, Id[]>();
  let anchor: Id | null = null;
  for (const id of items.keys()) {
    if (!merged.has(id)) continue;
    if (isShared(id)) {
      anchor = id;
      continue;
    }
    const run = runs.get(anchor);
    if (run) run.push(id);
    else runs.set(anchor, [id]);
  }
  return runs;
}

function inTextOrder(a: readonly Id[], b: readonly Id[]): readonly [readonly Id[], readonly Id[]] {
  return compareText(JSON.stringify(a), JSON.stringify(b)) <= 0 ? [a, b] : [b, a];
}

function membersByText(members: readonly JsonValue[]): ReadonlyMap<string, JsonValue> {
  return new Map(members.map((member) => [canonicalText(member), member]));
}

/** Equal values have the same text, whatever the order of their keys. */
function canonicalText(value: JsonValue): string {
  if (isJsonArray(value)) return `[${value.map(canonicalText).join(",")}]`;
  if (!isJsonObject(value)) return JSON.stringify(value);
  const fields = Object.entries(value).sort(([a], [b]) => compareText(a, b));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalText(field)}`).join(",")}}`;
}

/** By code units: the same on every device, which a locale's order is not. */
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
