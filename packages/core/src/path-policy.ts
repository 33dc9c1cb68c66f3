// Path policies: how a field that both sides changed is merged without asking. A resolver made by `byPath` carries them;
// the merge consults them in its walk.
import type { AnyResolver, Conflict, JsonPointer, PathPolicy, Resolution, Resolver } from "./conflict.ts";
import { isJsonArray, jsonEquals, pathToPointer, pointerToPath, type JsonValue } from "./json-value.ts";

export interface PolicySides {
  readonly base: JsonValue | undefined;
  readonly local: JsonValue | undefined;
  readonly remote: JsonValue | undefined;
}

/** null: the values are not what the policy is for; they clash as without it. */
export type PolicyMerge = (sides: PolicySides) => { readonly value: JsonValue } | null;

/** By canonical pointer. */
export type Policies = ReadonlyMap<string, PolicyMerge>;

const mergeByPolicy = new WeakMap<PathPolicy, PolicyMerge>();
const policiesByResolver = new WeakMap<object, Policies>();

/** The policies that a resolver of `byPath` carries; null for any other. */
export const policiesOf = (resolver: Resolver<JsonValue> | AnyResolver): Policies | null =>
  policiesByResolver.get(resolver) ?? null;

/** Fields are merged by their policies; all other clashes go to `otherwise`. */
export function pathPolicies(policies: Readonly<Record<JsonPointer, PathPolicy>>, otherwise: AnyResolver): AnyResolver {
  const resolver = <T>(conflict: Conflict<T>): Resolution<T> => otherwise(conflict);
  const merges = new Map<string, PolicyMerge>();
  for (const [pointer, policy] of Object.entries(policies)) {
    const merge = mergeByPolicy.get(policy);
    if (merge) merges.set(pathToPointer(pointerToPath(pointer)), merge);
  }
  policiesByResolver.set(resolver, merges);
  return resolver;
}

function makePolicy(policy: string, merge: PolicyMerge): PathPolicy {
  const made = Object.freeze({ policy });
  mergeByPolicy.set(made, merge);
  return made;
}

/** A number that both sides add to: both differences count. Absent counts as 0. */
export function counter(): PathPolicy {
  return makePolicy("counter", ({ base = 0, local, remote }) =>
    typeof base === "number" && typeof local === "number" && typeof remote === "number"
      ? { value: local + remote - base }
      : null,
  );
}

/** The larger of both numbers. */
export const highest = (): PathPolicy => extreme("highest", Math.max);

/** The smaller of both numbers. */
export const lowest = (): PathPolicy => extreme("lowest", Math.min);

function extreme(policy: string, choose: (a: number, b: number) => number): PathPolicy {
  return makePolicy(policy, ({ local, remote }) =>
    typeof local === "number" && typeof remote === "number" ? { value: choose(local, remote) } : null,
  );
}

/** An array taken as a set: what either side added or removed is added or removed. Order: as before, then what is new, sorted. */
export function unionSet(): PathPolicy {
  return makePolicy("unionSet", ({ base = [], local, remote }) => {
    if (!isJsonArray(base) || !isJsonArray(local) || !isJsonArray(remote)) return null;
    const has = (items: readonly JsonValue[], item: JsonValue): boolean =>
      items.some((other) => jsonEquals(other, item));
    const kept = base.filter((item) => has(local, item) && has(remote, item));
    const added: JsonValue[] = [];
    for (const item of [...local, ...remote]) if (!has(base, item) && !has(added, item)) added.push(item);
    added.sort(byText);
    return { value: Object.freeze([...kept, ...added]) };
  });
}

function byText(a: JsonValue, b: JsonValue): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
