// Signing in, out, and back in after a reload.
import { isSyncError } from "@holdfast/client";
import { takeUserFromUrl, type UserName } from "./device.ts";
import { flushDrafts } from "./drafts.ts";
import { goTo, currentRoute } from "./route.ts";
import { count } from "./status-words.ts";
import { client, loginsOf, noteCount } from "./sync.ts";
import { showToast } from "./toasts.ts";
import { currentUser, rememberUser, whileLeaving } from "./user.ts";

/** How long a sign-out waits for what has not gone up yet. */
const flushMsMax = 8_000;

export const userLabels: Readonly<Record<UserName, string>> = { ada: "Ada", grace: "Grace" };

export interface SignOutAnswer {
  /** Records that the cloud has not got: above 0 the person is still signed in and must choose. */
  readonly unsynced: number;
}

/** One person leaves before the other comes, so that nobody's notes end in another's account. */
export async function signInAs(user: UserName): Promise<SignOutAnswer> {
  flushDrafts();
  const before = currentUser();
  if (before !== null && before !== user) {
    const answer = await signOut();
    if (answer.unsynced > 0) return answer;
  }
  const hadNotes = before === null && noteCount.getSnapshot().total > 0;
  const { conflicts } = await client.signIn(await loginsOf(user));
  rememberUser(user);
  const clashes = conflicts > 0 ? ` ${count(conflicts, "conflict")} to look at.` : "";
  showToast(
    `Signed in as ${userLabels[user]}.${hadNotes ? " What was written here as a guest is yours." : ""}${clashes}`,
  );
  return { unsynced: 0 };
}

export async function signOut(unsynced: "flush" | "keep" | "discard" = "flush"): Promise<SignOutAnswer> {
  flushDrafts();
  const waiting = client.status.getSnapshot().pending;
  try {
    const signal = AbortSignal.timeout(flushMsMax);
    const report = await whileLeaving(async () => {
      const left = await client.signOut({ unsynced, signal });
      if (left.outcome === "signed-out") rememberUser(null);
      return left;
    });
    if (report.outcome === "still-signed-in") return { unsynced: report.unsynced };
  } catch (error) {
    // The cloud did not answer in time: the same question as when it refuses.
    if (isSyncError(error, "aborted") && waiting > 0) return { unsynced: waiting };
    throw error;
  }
  goTo(currentRoute().place);
  showToast("Signed out. Nothing of the account shows here any more.");
  return { unsynced: 0 };
}

/** Signs in whom the address names. After a reload nothing is to be done: the client asks for the token itself. */
export async function startSession(): Promise<void> {
  const user = takeUserFromUrl();
  if (user === null || user === currentUser()) return;
  await client.opened;
  try {
    const { unsynced } = await signInAs(user);
    if (unsynced > 0) showToast(`${count(unsynced, "change")} could not go up yet, so the user stays the same.`);
  } catch (error) {
    // A device without a network belongs to the user all the same; the first sync signs in.
    if (navigator.onLine || client.identity.getSnapshot().kind !== "unknown") throw error;
    rememberUser(user);
  }
}
