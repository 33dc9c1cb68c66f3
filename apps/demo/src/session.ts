// Who uses this device: signing in, out, and back in after a reload.
import type { Live } from "@holdfast/client";
import { storedUser, storeUser, type UserName } from "./device.ts";
import { liveValue } from "./live.ts";
import { count } from "./status-words.ts";
import { client, loginsOf } from "./sync.ts";
import { run, showToast } from "./toasts.ts";

const current = liveValue<UserName | null>(storedUser());

/** null: a guest. */
export const currentUser: Live<UserName | null> = current;

export const userLabels: Readonly<Record<UserName, string>> = { ann: "Ann", bob: "Bob" };

export async function signInAs(user: UserName): Promise<void> {
  const { guestMergeId, conflicts } = await client.signIn(await loginsOf(user));
  storeUser(user);
  current.set(user);
  if (guestMergeId === null) {
    showToast(`Signed in as ${userLabels[user]}.`);
    return;
  }
  const clashes = conflicts > 0 ? `, with ${count(conflicts, "conflict")} to look at` : "";
  showToast(`Signed in as ${userLabels[user]}. What you wrote as a guest came along${clashes}.`, {
    action: { label: "Undo", run: () => run(client.undoGuestMerge(guestMergeId)) },
  });
}

export interface SignOutAnswer {
  /** Records that the cloud has not got: above 0 the person is still signed in and must choose. */
  readonly unsynced: number;
}

export async function signOut(unsynced: "flush" | "keep" | "discard" = "flush"): Promise<SignOutAnswer> {
  const report = await client.signOut({ unsynced, signal: AbortSignal.timeout(8000) });
  if (report.outcome === "still-signed-in") return { unsynced: report.unsynced };
  storeUser(null);
  current.set(null);
  showToast("Signed out. Nothing of the account shows here any more.");
  return { unsynced: 0 };
}

/** A device that knows its user, and whose database does not yet: the second device at its first start. */
export async function resumeLogin(): Promise<void> {
  const user = storedUser();
  if (user === null) return;
  await client.opened;
  if (client.identity.getSnapshot().kind !== "authenticated") await signInAs(user);
}
