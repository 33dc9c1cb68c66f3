// Who this device belongs to. It outlives a reload, as a session cookie would.
import { useLive } from "./live.ts";
import { isUserName, type UserName } from "./device.ts";
import { storedValue } from "./stored-value.ts";

const stored = storedValue("user");

/** null: a guest. */
export function currentUser(): UserName | null {
  const user = stored.getSnapshot();
  return isUserName(user) ? user : null;
}

export function useCurrentUser(): UserName | null {
  return useLive(stored, (user) => (isUserName(user) ? user : null));
}

let leaving = false;

/** While somebody signs out, no token is given out: a sync in between would sign in again. */
export function isLeaving(): boolean {
  return leaving;
}

export async function whileLeaving<R>(work: () => Promise<R>): Promise<R> {
  leaving = true;
  try {
    return await work();
  } finally {
    leaving = false;
  }
}

export function rememberUser(user: UserName | null): void {
  stored.set(user);
}
