import { useLive } from "../live.ts";
import { panelOpen } from "../panel.ts";
import { client, noteCount } from "../sync.ts";
import { useCurrentUser } from "../user.ts";

/** Told where the notes are, not only in the panel that may be closed. */
export function GuestNotice() {
  const user = useCurrentUser();
  const isLoading = useLive(client.identity, ({ kind }) => kind === "loading");
  const isEmpty = useLive(noteCount, ({ total }) => total === 0);
  if (user !== null || isLoading || isEmpty) return null;
  return (
    <p className="guest-notice" data-testid="guest-notice">
      You are a guest: only this browser can reach these notes.{" "}
      <button type="button" className="link-button" onClick={() => panelOpen.set(true)}>
        Sign in
      </button>
    </p>
  );
}
