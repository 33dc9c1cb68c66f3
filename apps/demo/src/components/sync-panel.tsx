import { useEffect, useRef } from "react";
import { loadProgress } from "../compat-data.ts";
import { useConflicts } from "../conflicts.ts";
import { useLive } from "../live.ts";
import { panelOpen } from "../panel.ts";
import { client } from "../sync.ts";
import { AboutSection } from "./about-section.tsx";
import { AccountSection } from "./account-section.tsx";
import { ActionsSection } from "./actions-section.tsx";
import { ConflictsSection } from "./conflicts-section.tsx";
import { Icon } from "./icon.tsx";
import { ProblemsSection } from "./problems-section.tsx";
import { useStatusWords } from "./status-pill.tsx";
import { SyncFacts } from "./sync-facts.tsx";

export function SyncPanel() {
  const panel = useRef<HTMLElement>(null);
  const conflicts = useConflicts();
  useEffect(() => {
    // Only where it covers the notes: beside them it must not take the focus away.
    if (getComputedStyle(panel.current ?? document.body).position === "fixed") panel.current?.focus();
  }, []);
  const isUrgent = conflicts.fresh.length > 0;
  return (
    <aside
      id="sync-panel"
      className="sync-panel"
      aria-label="Sync"
      data-testid="sync-panel"
      tabIndex={-1}
      ref={panel}
      onKeyDown={(event) => event.key === "Escape" && panelOpen.set(false)}
    >
      <header className="panel-head">
        <h2>Sync</h2>
        <button type="button" className="icon-button" aria-label="Close Sync" onClick={() => panelOpen.set(false)}>
          <Icon name="close" />
        </button>
      </header>
      <StatusSection />
      <ProblemsSection />
      {isUrgent && <ConflictsSection {...conflicts} />}
      <AccountSection />
      <ActionsSection />
      {!isUrgent && <ConflictsSection {...conflicts} />}
      <SyncFacts />
      <AboutSection />
    </aside>
  );
}

function StatusSection() {
  const words = useStatusWords();
  const { pending, state } = useLive(client.status);
  const loaded = useLive(loadProgress, ({ total }) => total);
  const total = Math.max(loaded, pending);
  return (
    <section className="panel-section status-card" data-tone={words.tone} aria-label="Status">
      <strong>
        <span className="status-dot" />
        {words.label}
      </strong>
      <p>{words.detail}</p>
      {pending > 1 && state === "saving" && (
        <progress aria-label="Records in the cloud" max={total} value={total - pending} />
      )}
    </section>
  );
}
