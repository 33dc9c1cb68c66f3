// What a path policy is to the merge: a function for one field, found by the field's path. A resolver made by `byPath`
// carries its policies with it, since the walk must ask them before it knows of any clash: two sides that count from 1 to
// 2 made the same change, and a counter stands at 3.
import type { JsonPointer, PathPolicy, Resolver } from "./conflict.ts";
import { pathToPointer, pointerToPath, type JsonValue, type Pointer } from "./json-value.ts";
import { SyncError } from "./sync-error.ts";

/** The three values of one place. undefined: absent. */
export interface Sides {
  readonly base: JsonValue | undefined;
  readonly local: JsonValue | undefined;
  readonly remote: JsonValue | undefined;
}

/** Whose value is taken where both sides clash. */
export type Side = "local" | "remote";

export interface PolicyResult {
  readonly value: JsonValue;
  /** Whether something inside was decided by `side`. */
  readonly clashed: boolean;
}

/**
 * Called where both sides differ from the base. Swapping both sides, and `side` with them, gives the same value. null: the
 * values are not what the policy is for, and are merged as if there was none.
 */
export type PolicyMerge = (sides: Sides, side: Side) => PolicyResult | null;

export interface PolicyNode {
  readonly merge: PolicyMerge | null;
  readonly fields: ReadonlyMap<string, PolicyNode>;
}

/** What a resolver comes to: policies for some fields, and whom to ask about all other clashes. */
export interface ResolverPlan {
  readonly merges: ReadonlyMap<Pointer, PolicyMerge>;
  /** The same as a tree; null without any. */
  readonly policies: PolicyNode | null;
  readonly otherwise: Resolver<JsonValue>;
}

const mergesByPolicy = new WeakMap<PathPolicy, PolicyMerge>();
const plansByResolver = new WeakMap<Resolver<JsonValue>, ResolverPlan>();

export function makePolicy(policy: string, merge: PolicyMerge): PathPolicy {
  const made = Object.freeze({ policy });
  mergesByPolicy.set(made, merge);
  return made;
}

export const planOf = (resolver: Resolver<JsonValue>): ResolverPlan =>
  plansByResolver.get(resolver) ?? { merges: new Map(), policies: null, otherwise: resolver };

export function setPlan(resolver: Resolver<JsonValue>, plan: ResolverPlan): void {
  plansByResolver.set(resolver, plan);
}

/** @throws SyncError `invalid-name` where a pointer or a policy is none */
export function parsePolicies(policies: Readonly<Record<JsonPointer, PathPolicy>>): ReadonlyMap<Pointer, PolicyMerge> {
  const merges = new Map<Pointer, PolicyMerge>();
  for (const [pointer, policy] of Object.entries(policies)) {
    if (pointer !== "" && !pointer.startsWith("/")) {
      throw invalidPolicy(
        `${JSON.stringify(pointer)} is no JSON pointer. Write it with a slash in front: "/${pointer}"`,
      );
    }
    const merge = mergesByPolicy.get(policy);
    if (!merge) {
      throw invalidPolicy(`What is given for ${pointer} is no path policy. Make it by counter(), text() and the like`);
    }
    merges.set(pathToPointer(pointerToPath(pointer)), merge);
  }
  return merges;
}

export function policyTree(merges: ReadonlyMap<Pointer, PolicyMerge>): PolicyNode | null {
  if (merges.size === 0) return null;
  const root = emptyNode();
  for (const [pointer, merge] of merges) {
    let node = root;
    for (const name of pointerToPath(pointer)) {
      const next = node.fields.get(name) ?? emptyNode();
      node.fields.set(name, next);
      node = next;
    }
    node.merge = merge;
  }
  return root;
}

interface GrowingNode {
  merge: PolicyMerge | null;
  readonly fields: Map<string, GrowingNode>;
}

const emptyNode = (): GrowingNode => ({ merge: null, fields: new Map() });

const invalidPolicy = (what: string): SyncError => new SyncError({ code: "invalid-name", message: `${what}.` });
