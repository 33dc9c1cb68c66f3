import { deviceNumber } from "../device.ts";
import type { Place } from "../route.ts";
import { userLabels } from "../session.ts";
import { useCurrentUser } from "../user.ts";
import { Avatar } from "./avatar.tsx";
import { Icon } from "./icon.tsx";
import { StatusPill } from "./status-pill.tsx";

export function TopBar({ place }: { place: Place }) {
  const user = useCurrentUser();
  return (
    <header className="top-bar">
      <a className="brand" href="#/notes" aria-label="Holdfast notes">
        <svg viewBox="0 0 32 32" aria-hidden>
          <path
            d={
              "M16 3v13m0 0c-5 0-8 3-9 8m9-8c5 0 8 3 9 8m-9-8c-2.5 2-3.5 6-3.5 12m3.5-12c2.5 2 3.5 6 3.5 12" +
              "M16 9c3-.5 5.5-2 6.5-5M16 12c-3-.5-5.5-2-6.5-5"
            }
          />
        </svg>
        <span>Holdfast</span>
      </a>
      <nav aria-label="Screens">
        <a href="#/notes" aria-current={place === "notes" ? "page" : undefined}>
          <Icon name="note" />
          Notes
        </a>
        <a href="#/data" aria-current={place === "data" ? "page" : undefined}>
          <Icon name="database" />
          Browser data
        </a>
      </nav>
      <div className="top-bar-end">
        {deviceNumber > 1 && <span className="device-badge">Device {deviceNumber}</span>}
        <StatusPill />
        <span className="who" title={user === null ? "Guest" : `Signed in as ${userLabels[user]}`}>
          <Avatar user={user} />
        </span>
      </div>
    </header>
  );
}
