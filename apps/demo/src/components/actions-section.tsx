import { useState } from "react";
import { deviceNumber, openSecondDevice } from "../device.ts";
import { setOffline, useOfflineSwitch } from "../network-switch.ts";
import { synchronizeNow, verifyAll } from "../sync-actions.ts";
import { run } from "../toasts.ts";
import { useCurrentUser } from "../user.ts";
import { Icon, type IconName } from "./icon.tsx";
import { LoadDataButton } from "./load-data-button.tsx";

export function ActionsSection() {
  const isOffline = useOfflineSwitch();
  const user = useCurrentUser();
  const isGuest = user === null;
  return (
    <section className="panel-section actions" aria-label="Actions">
      <label className="switch-line">
        <span>
          <strong>Go offline</strong>
          <small>Cuts this device off from the cloud. Keep writing.</small>
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
      <div className="action">
        <button type="button" className="button" data-testid="second-device" onClick={() => openSecondDevice(user)}>
          <Icon name="devices" />
          {deviceNumber === 1 ? "Open as second device" : `Open as device ${deviceNumber + 1}`}
        </button>
        <small>
          {isGuest
            ? "It would start empty: a guest’s notes stay in one browser. Sign in first to see them travel."
            : "A window with a database of its own and the same login."}
        </small>
      </div>
      <div className="action">
        <LoadDataButton testId="load-data" />
        <small>What browsers can do, from MDN: thousands of records with nested values.</small>
      </div>
      <div className="button-pair">
        <BusyButton testId="sync-now" icon="refresh" label="Sync now" work={synchronizeNow} />
        <BusyButton testId="verify" icon="shield" label="Verify" work={verifyAll} />
      </div>
    </section>
  );
}

interface BusyButtonProps {
  testId: string;
  icon: IconName;
  label: string;
  work: () => Promise<void>;
}

function BusyButton({ testId, icon, label, work }: BusyButtonProps) {
  const [isBusy, setBusy] = useState(false);
  const start = () => {
    setBusy(true);
    run(work().finally(() => setBusy(false)));
  };
  return (
    <button type="button" className="button" data-testid={testId} disabled={isBusy} onClick={start}>
      <Icon name={icon} />
      {label}
    </button>
  );
}
