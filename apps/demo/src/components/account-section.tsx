import { useState } from "react";
import { userNames, type UserName } from "../device.ts";
import { useLive } from "../live.ts";
import { signInAs, signOut, userLabels, type SignOutAnswer } from "../session.ts";
import { count } from "../status-words.ts";
import { client } from "../sync.ts";
import { errorText, showToast } from "../toasts.ts";
import { useCurrentUser } from "../user.ts";
import { Avatar } from "./avatar.tsx";

export function AccountSection() {
  const user = useCurrentUser();
  const { identityId, kind, needsSignIn } = useLive(client.identity);
  const [isBusy, setBusy] = useState(false);
  const [unsynced, setUnsynced] = useState(0);

  const during = (work: () => Promise<SignOutAnswer>) => {
    setBusy(true);
    work()
      .then((answer) => setUnsynced(answer.unsynced))
      .catch((error: unknown) => showToast(errorText(error), { tone: "problem" }))
      .finally(() => setBusy(false));
  };
  const others = userNames.filter((name) => name !== user || needsSignIn);

  return (
    <section className="panel-section" data-testid="account" data-kind={kind} aria-label="Account">
      <div className="account-line">
        <Avatar user={user} />
        <span>
          <strong>{user === null ? "Guest" : userLabels[user]}</strong>
          <small title={identityId ?? undefined}>{identityWords(kind, user)}</small>
        </span>
      </div>
      {user === null && (
        <p className="notice">
          <strong>Only this browser can reach a guest’s notes.</strong> Sign in to have them on every device; what you
          wrote comes along.
        </p>
      )}
      {unsynced > 0 ? (
        <UnsyncedQuestion
          unsynced={unsynced}
          isBusy={isBusy}
          onAnswer={(choice) => during(() => signOut(choice))}
          onStay={() => setUnsynced(0)}
        />
      ) : (
        <div className="button-row">
          {others.map((name) => (
            <SignInButton
              key={name}
              name={name}
              from={user}
              isBusy={isBusy}
              onClick={() => during(() => signInAs(name))}
            />
          ))}
          {user !== null && (
            <button
              type="button"
              className="button"
              data-testid="sign-out"
              disabled={isBusy}
              onClick={() => during(() => signOut())}
            >
              Sign out
            </button>
          )}
        </div>
      )}
    </section>
  );
}

interface SignInButtonProps {
  name: UserName;
  from: UserName | null;
  isBusy: boolean;
  onClick: () => void;
}

function SignInButton({ name, from, isBusy, onClick }: SignInButtonProps) {
  return (
    <button
      type="button"
      className={from === null ? "button primary" : "button"}
      data-testid={`sign-in-${name}`}
      disabled={isBusy}
      onClick={onClick}
    >
      {from === null || from === name ? "Sign in as" : "Switch to"} {userLabels[name]}
    </button>
  );
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
      <p>{count(unsynced, "change")} could not go up yet. Kept here, they go up at the next sign-in on this device.</p>
      <div className="button-row">
        <button type="button" className="button primary" disabled={isBusy} onClick={onStay}>
          Stay signed in
        </button>
        <button type="button" className="button" disabled={isBusy} onClick={() => onAnswer("keep")}>
          Keep, sign out
        </button>
        <button type="button" className="button danger" disabled={isBusy} onClick={() => onAnswer("discard")}>
          Throw away
        </button>
      </div>
    </div>
  );
}

function identityWords(kind: string, user: UserName | null): string {
  switch (kind) {
    case "guest":
      return "A guest identity in the cloud, this browser’s alone";
    case "authenticated":
      return "Notes reach every device signed in as this user";
    case "unknown":
      return user === null ? "No cloud identity until the first note" : "Signs in when the cloud can be reached";
    default:
      return "Opening…";
  }
}
