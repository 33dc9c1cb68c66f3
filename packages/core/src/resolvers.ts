// The resolvers that an app can name instead of writing its own.
import type { AnyResolver, JsonPointer, PathPolicy } from "./conflict.ts";
import { pathPolicies } from "./path-policy.ts";

/** Default. The newer edit wins where both changed the same; an edit wins over a removal; at equal times the cloud's side. */
export const newestWins: AnyResolver = ({ local, remote, localModifiedAt, remoteModifiedAt }) => {
  if (local === undefined) return { type: "remote" };
  if (remote === undefined) return { type: "local" };
  return { type: localModifiedAt > remoteModifiedAt ? "local" : "remote" };
};

/** This device's side wins. */
export const localWins: AnyResolver = () => ({ type: "local" });

/** The other device's side wins. */
export const remoteWins: AnyResolver = () => ({ type: "remote" });

/** The record stays as it is here, is not pushed, and waits in `problems` for a person. */
export const askUser: AnyResolver = () => ({ type: "ask" });

/** Merges the named fields by their policies, without asking; other clashes go to `otherwise` (default: newestWins). */
export const byPath = (
  policies: Readonly<Record<JsonPointer, PathPolicy>>,
  otherwise: AnyResolver = newestWins,
): AnyResolver => pathPolicies(policies, otherwise);
