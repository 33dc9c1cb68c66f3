import { unsavedFields } from "../drafts.ts";
import { useLive } from "../live.ts";
import { panelOpen } from "../panel.ts";
import { statusWords, type StatusWords } from "../status-words.ts";
import { client } from "../sync.ts";

/** Opens the Sync panel, and says in words where everything is. */
export function StatusPill() {
  const words = useStatusWords();
  const { pending, conflicts, recoverable } = useLive(client.status);
  const isOpen = useLive(panelOpen);
  return (
    <>
      <button
        type="button"
        className="status-pill"
        data-testid="status"
        data-state={words.name}
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
        <span>{words.label}</span>
      </button>
      <span role="status" className="only-spoken">
        {words.label}
      </span>
    </>
  );
}

export function useStatusWords(): StatusWords {
  const status = useLive(client.status);
  const identity = useLive(client.identity);
  return statusWords({ status, identity, unsavedFields: useLive(unsavedFields) });
}
