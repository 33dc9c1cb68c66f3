// The resolvers that an app can name instead of writing its own.
import type { AnyResolver, Conflict, JsonPointer, PathPolicy, Resolution, Resolver } from "./conflict.ts";
import type { JsonValue } from "./json-value.ts";
import { parsePolicies, planOf, policyTree, setPlan, type Side } from "./path-policy.ts";
import { mergeThreeWay } from "./three-way.ts";

/** Default. An edit wins over a removal of the record; else the newer edit wins; of two of the same time, the cloud's. */
export const newestWins: AnyResolver = (conflict) => ({ type: newestSide(conflict, false) });

/** This device's side wins. */
export const localWins: AnyResolver = () => ({ type: "local" });

/** The cloud's side wins. */
export const remoteWins: AnyResolver = () => ({ type: "remote" });

/** A person decides: until then the record stays as it is here, is not pushed, and waits in `problems`. */
export const askUser: AnyResolver = () => ({ type: "ask" });

/**
 * Merges the named fields by their policies, and leaves all other clashes to `otherwise` (default: newestWins; policies of
 * a `byPath` given there hold too). Give what it returns to Holdfast itself: called by another resolver it is asked only
 * about clashes, and never of a counter on which both sides added the same.
 * @throws SyncError `invalid-name` where a pointer or a policy is none
 */
export function byPath(
  policies: Readonly<Record<JsonPointer, PathPolicy>>,
  otherwise: AnyResolver = newestWins,
): AnyResolver {
  const inner = planOf(otherwise);
  const merges = new Map([...inner.merges, ...parsePolicies(policies)]);
  const plan = { merges, policies: policyTree(merges), otherwise: inner.otherwise };
  // The merge reads the plan and never calls this; it is for an app's own resolver that hands a conflict on.
  function resolver<T>(conflict: Conflict<T>): Resolution<T>;
  function resolver(conflict: Conflict<JsonValue>): Resolution<JsonValue> {
    const { clashes, value } = mergeThreeWay(conflict, plan.policies, "remote");
    if (clashes.length === 0) return valueResolution(value);
    const answer = plan.otherwise(Object.freeze({ ...conflict, clashes }));
    if (answer.type !== "local" && answer.type !== "remote") return answer;
    return valueResolution(mergeThreeWay(conflict, plan.policies, answer.type).value);
  }
  setPlan(resolver, plan);
  return resolver;
}

/** Decides clashes for one side, or asks a person about each; what the policies of `resolver` merge, they go on merging. */
export function clashesFor(side: Side | "ask", resolver: Resolver<JsonValue>): AnyResolver {
  const { merges, policies } = planOf(resolver);
  const decided: AnyResolver = () => ({ type: side });
  setPlan(decided, { merges, policies, otherwise: decided });
  return decided;
}

/** An edit wins over a removal of the record; else the newer one. */
export function newestSide(
  {
    local,
    remote,
    localModifiedAt,
    remoteModifiedAt,
  }: Pick<Conflict<unknown>, Side | "localModifiedAt" | "remoteModifiedAt">,
  localWinsTie: boolean,
): Side {
  if (local === undefined || remote === undefined) return local === undefined ? "remote" : "local";
  if (localModifiedAt === remoteModifiedAt) return localWinsTie ? "local" : "remote";
  return localModifiedAt > remoteModifiedAt ? "local" : "remote";
}

const valueResolution = (value: JsonValue | undefined): Resolution<JsonValue> =>
  value === undefined ? { type: "removed" } : { type: "value", value };
