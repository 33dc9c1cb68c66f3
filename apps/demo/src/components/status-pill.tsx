import type { SyncStatus } from "@holdfast/client";
import { useConflicts } from "../conflicts.ts";
import { unsavedFields } from "../drafts.ts";
import { useLive } from "../live.ts";
import { panelOpen } from "../panel.ts";
import { count, statusWords, type StatusWords } from "../status-words.ts";
import { client, notes } from "../sync.ts";

/** Opens the Sync panel, and says in words where everything is. */
export function StatusPill() {
  const words = useStatusWords();
  const { pending, conflicts, recoverable } = useLive(client.status);
  const state = useStateWithDrafts();
  const { fresh } = useConflicts();
  const isOpen = useLive(panelOpen);
  return (
    <>
      <button
        type="button"
        className="status-pill"
        data-testid="status"
        data-state={state}
        data-tone={words.tone}
        data-pending={pending}
        data-conflicts={conflicts}
        data-recoverable={recoverable}
        aria-expanded={isOpen}
        aria-controls="sync-panel"
        aria-label={`${words.label}. Sync details`}
        title={words.detail}
        onClick={() => panelOpen.set(!isOpen)}
      >
        <span className="status-dot" />
        <span className="status-label">{words.label}</span>
        {fresh.length > 0 && <span className="status-conflicts">{count(fresh.length, "conflict")}</span>}
      </button>
      <span role="status" className="only-spoken">
        {words.label}
      </span>
    </>
  );
}

/** The client's state, which cannot know yet of what stands in a field and is written in a moment. */
function useStateWithDrafts(): SyncStatus["state"] {
  const { state, unwritten } = useLive(client.status);
  const drafts = useLive(unsavedFields);
  return state === "saved" && unwritten + drafts > 0 ? "saving" : state;
}

export function useStatusWords(): StatusWords {
  return statusWords({
    status: useLive(client.status),
    identity: useLive(client.identity),
    unsavedFields: useLive(unsavedFields),
    isFetching: useLive(notes.status, ({ total, lastSyncedAt }) => lastSyncedAt === null && total !== null),
  });
}
