// The walk of the three-way merge: objects field by field, all else as one value unless a policy says otherwise. What one
// side alone changed is kept; what both changed differently is a clash, at the outermost place that either side removed or
// replaced. Deterministic; inputs stay untouched; undefined is absent.
import { getOwn, isJsonObject, jsonEquals, pathToPointer, setOwn } from "./json-value.ts";
import type { JsonObject, JsonValue, Pointer } from "./json-value.ts";
import type { PolicyNode, Side, Sides } from "./path-policy.ts";

export interface ThreeWay {
  readonly value: JsonValue | undefined;
  /** Sorted, so that swapping both sides gives the same. */
  readonly clashes: readonly Pointer[];
}

/** Clashes take the value of `side`. Without a base both sides are taken to have started from nothing. */
export function mergeThreeWay(sides: Sides, policies: PolicyNode | null, side: Side): ThreeWay {
  const clashes: Pointer[] = [];
  const value = mergeAt(sides, policies ?? undefined, { side, path: [], clashes });
  return { value, clashes: Object.freeze(clashes.sort()) };
}

interface Walk {
  readonly side: Side;
  /** The steps to where the walk stands. */
  readonly path: string[];
  readonly clashes: Pointer[];
}

function mergeAt(sides: Sides, policies: PolicyNode | undefined, walk: Walk): JsonValue | undefined {
  const { base, local, remote } = sides;
  if (base === local || (local === remote && !policies)) return remote;
  if (base === remote) return local;
  const objects = objectSides(sides);
  // Objects without a policy of their own need no comparing as a whole: their fields say it.
  if (objects && !policies?.merge) return mergeFields(objects, policies, walk);
  if (jsonEquals(base, local)) return remote;
  if (jsonEquals(base, remote)) return local;
  const merged = policies?.merge?.(sides, walk.side);
  if (merged) {
    if (merged.clashed) walk.clashes.push(pathToPointer(walk.path));
    return merged.value;
  }
  if (objects) return mergeFields(objects, policies, walk);
  if (jsonEquals(local, remote)) return remote;
  walk.clashes.push(pathToPointer(walk.path));
  return sides[walk.side];
}

interface ObjectSides {
  readonly base: JsonObject;
  readonly local: JsonObject;
  readonly remote: JsonObject;
}

/** null: not all are objects, so they are merged as a whole. */
function objectSides({ base = {}, local, remote }: Sides): ObjectSides | null {
  return isJsonObject(base) && isJsonObject(local) && isJsonObject(remote) ? { base, local, remote } : null;
}

function mergeFields({ base, local, remote }: ObjectSides, policies: PolicyNode | undefined, walk: Walk): JsonObject {
  const merged: Record<string, JsonValue> = {};
  let isRemote = true;
  const mergeField = (name: string, remoteValue: JsonValue | undefined): void => {
    walk.path.push(name);
    const sides = { base: getOwn(base, name), local: getOwn(local, name), remote: remoteValue };
    const value = mergeAt(sides, policies?.fields.get(name), walk);
    walk.path.pop();
    if (value !== remoteValue) isRemote = false;
    if (value !== undefined) setOwn(merged, name, value);
  };
  for (const [name, value] of Object.entries(remote)) mergeField(name, value);
  for (const name of Object.keys(local)) if (!Object.hasOwn(remote, name)) mergeField(name, undefined);
  // The very object, where nothing came to it: whoever compares it next is done at once.
  return isRemote ? remote : Object.freeze(merged);
}
