import { useEffect, useRef, useState } from "react";
import { loadProgress } from "../compat-data.ts";
import { deviceNumber, openSecondDevice } from "../device.ts";
import { useLive } from "../live.ts";
import { offlineSwitch, setOffline } from "../network-switch.ts";
import { panelOpen } from "../panel.ts";
import { currentUser } from "../session.ts";
import { client } from "../sync.ts";
import { synchronizeNow, verifyAll } from "../sync-actions.ts";
import { run } from "../toasts.ts";
import { AccountSection } from "./account-section.tsx";
import { ConflictsSection } from "./conflicts-section.tsx";
import { Icon } from "./icon.tsx";
import { LoadDataButton } from "./load-data-button.tsx";
import { ProblemsSection } from "./problems-section.tsx";
import { useStatusWords } from "./status-pill.tsx";
import { SyncFacts } from "./sync-facts.tsx";

export function SyncPanel() {
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    // Only where it covers the notes: beside them it must not take the focus away.
    if (getComputedStyle(panel.current ?? document.body).position === "fixed") panel.current?.focus();
  }, []);
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
      <AccountSection />
      <ActionsSection />
      <ProblemsSection />
      <ConflictsSection />
      <SyncFacts />
    </aside>
  );
}

function StatusSection() {
  const words = useStatusWords();
  const { pending, state } = useLive(client.status);
  const loaded = useLive(loadProgress, ({ total }) => total);
  const total = Math.max(loaded, pending);
  return (
    <section className="panel-section status-card" data-state={words.name} aria-label="Status">
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

function ActionsSection() {
  const isOffline = useLive(offlineSwitch);
  const user = useLive(currentUser);
  const [isBusy, setBusy] = useState(false);
  const during = (work: Promise<unknown>) => {
    setBusy(true);
    run(work.finally(() => setBusy(false)));
  };
  return (
    <section className="panel-section actions" aria-label="Actions">
      <label className="switch-line">
        <span>
          <strong>Go offline</strong>
          <small>Cuts this window off from the cloud. Keep writing.</small>
        </span>
        <input
          type="checkbox"
          role="switch"
          className="switch"
          data-testid="offline-switch"
          checked={isOffline}
          onChange={(event) => setOffline(event.target.checked)}
        />
      </label>
      <button type="button" className="button" data-testid="second-device" onClick={openSecondDevice}>
        <Icon name="devices" />
        {deviceNumber === 1 ? "Open as second device" : `Open as device ${deviceNumber + 1}`}
      </button>
      {user === null && <p className="hint">A guest lives in one browser only. Sign in first to see notes travel.</p>}
      <LoadDataButton testId="load-data" />
      <div className="button-pair">
        <button type="button" className="button" data-testid="sync-now" disabled={isBusy} onClick={() => during(synchronizeNow())}>
          <Icon name="refresh" />
          Sync now
        </button>
        <button type="button" className="button" data-testid="verify" disabled={isBusy} onClick={() => during(verifyAll())}>
          <Icon name="shield" />
          Verify
        </button>
      </div>
    </section>
  );
}
