import { useState } from "react";
import { useLive } from "../live.ts";
import { currentUser, signInAs, signOut, userLabels, type SignOutAnswer } from "../session.ts";
import { count } from "../status-words.ts";
import { client } from "../sync.ts";
import { errorText, showToast } from "../toasts.ts";
import type { UserName } from "../device.ts";

export function AccountSection() {
  const user = useLive(currentUser);
  const { identityId, kind, needsSignIn } = useLive(client.identity);
  const [isBusy, setBusy] = useState(false);
  const [unsynced, setUnsynced] = useState(0);

  const during = (work: () => Promise<unknown>) => {
    setBusy(true);
    work()
      .catch((error: unknown) => showToast(errorText(error), { tone: "problem" }))
      .finally(() => setBusy(false));
  };
  const switchTo = (next: UserName) => during(() => switchUser(user, next, setUnsynced));
  const leave = (choice: "flush" | "keep" | "discard") =>
    during(() => signOut(choice).then((answer) => setUnsynced(answer.unsynced)));

  return (
    <section className="panel-section" data-testid="account" data-kind={kind} aria-label="Account">
      <div className="account-line">
        <span className="avatar" data-user={user ?? "guest"} aria-hidden>
          {user === null ? "G" : userLabels[user].charAt(0)}
        </span>
        <span>
          <strong>{user === null ? "Guest" : userLabels[user]}</strong>
          <small title={identityId ?? undefined}>{identityWords(kind, identityId)}</small>
        </span>
      </div>
      {unsynced > 0 ? (
        <UnsyncedQuestion unsynced={unsynced} isBusy={isBusy} onAnswer={leave} onStay={() => setUnsynced(0)} />
      ) : (
        <div className="button-row">
          {(["ann", "bob"] as const)
            .filter((name) => name !== user || needsSignIn)
            .map((name) => (
              <button
                key={name}
                type="button"
                className={user === null ? "button primary" : "button"}
                data-testid={`sign-in-${name}`}
                disabled={isBusy}
                onClick={() => switchTo(name)}
              >
                {user === null ? "Sign in as" : "Switch to"} {userLabels[name]}
              </button>
            ))}
          {user !== null && (
            <button type="button" className="button" data-testid="sign-out" disabled={isBusy} onClick={() => leave("flush")}>
              Sign out
            </button>
          )}
        </div>
      )}
    </section>
  );
}

/** One person leaves before the other comes, so that nobody's notes end in another's account. */
async function switchUser(
  from: UserName | null,
  to: UserName,
  onUnsynced: (unsynced: number) => void,
): Promise<SignOutAnswer | undefined> {
  if (from !== null && from !== to) {
    const answer = await signOut();
    onUnsynced(answer.unsynced);
    if (answer.unsynced > 0) return answer;
  }
  await signInAs(to);
  return undefined;
}

interface UnsyncedQuestionProps {
  unsynced: number;
  isBusy: boolean;
  onAnswer: (choice: "keep" | "discard") => void;
  onStay: () => void;
}

function UnsyncedQuestion({ unsynced, isBusy, onAnswer, onStay }: UnsyncedQuestionProps) {
  return (
    <div className="question" role="group" aria-label="Unsaved changes">
      <p>{count(unsynced, "change")} could not go up yet. They would come back at the next sign-in on this device.</p>
      <div className="button-row">
        <button type="button" className="button primary" disabled={isBusy} onClick={onStay}>
          Stay signed in
        </button>
        <button type="button" className="button" disabled={isBusy} onClick={() => onAnswer("keep")}>
          Keep here, sign out
        </button>
        <button type="button" className="button danger" disabled={isBusy} onClick={() => onAnswer("discard")}>
          Throw away
        </button>
      </div>
    </div>
  );
}

function identityWords(kind: string, identityId: string | null): string {
  const id = identityId === null ? "" : ` · ${shortId(identityId)}`;
  switch (kind) {
    case "guest":
      return `Guest identity${id}`;
    case "authenticated":
      return `Signed in${id}`;
    case "unknown":
      return "No identity yet: one comes with the first note";
    default:
      return "Opening…";
  }
}

/** "eu-west-1:1f2e3d4c-…" → "1f2e3d4c". */
function shortId(identityId: string): string {
  return identityId.slice(identityId.indexOf(":") + 1).slice(0, 8);
}
