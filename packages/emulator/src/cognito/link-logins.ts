// Which identity verified logins lead to. An unknown login is linked to the identity that is asked for; one that
// belongs to another identity merges the two, and the one asked for, if it is a guest, is disabled.
import { loginsDoNotMatch, resourceConflict } from "./cognito-error.ts";
import { isSameLogin, type Identity, type IdentityStore, type Login } from "./identity-store.ts";

export interface LinkOptions {
  readonly store: IdentityStore;
  /** null: none, so a new one is made where the logins are unknown. */
  readonly asked: Identity | null;
  readonly logins: readonly Login[];
  readonly region: string;
  readonly now: number;
}

export function linkLogins({ store, asked, logins, region, now }: LinkOptions): Identity {
  const owners = [...new Set(logins.flatMap((login) => store.ownerOf(login) ?? []))];
  const isGuest = asked !== null && asked.logins.length === 0;
  if (asked !== null && !isGuest && !owners.includes(asked)) {
    throw loginsDoNotMatch();
  }
  const parent = (isGuest || asked === null ? (owners[0] ?? asked) : asked) ?? store.create(region, now);
  const merged = owners.filter((owner) => owner !== parent);
  const all = [...parent.logins, ...merged.flatMap((owner) => owner.logins), ...logins];
  const distinct = all.filter((login, place) => all.findIndex((other) => isSameLogin(other, login)) === place);
  if (new Set(distinct.map(({ provider }) => provider)).size < distinct.length) {
    throw resourceConflict("Login already linked to another identity.");
  }
  for (const identity of isGuest && asked !== parent ? [...merged, asked] : merged) {
    identity.logins = [];
    identity.disabled = true;
    identity.modifiedAt = now;
  }
  if (distinct.length > parent.logins.length) {
    parent.logins = distinct;
    parent.modifiedAt = now;
  }
  return parent;
}
