import { useLive } from "../live.ts";
import { client, compatCount, noteCount } from "../sync.ts";
import { longAge, useNow } from "../time-words.ts";

/** The figures behind the status. */
export function SyncFacts() {
  const status = useLive(client.status);
  const usage = useLive(client.usage);
  const noteTotal = useLive(noteCount, ({ total }) => total);
  const featureTotal = useLive(compatCount, ({ total }) => total);
  const now = useNow();
  const facts: readonly (readonly [name: string, value: string])[] = [
    ["Waiting to go up", format(status.pending)],
    ["Last synced", status.lastSyncedAt === null ? "Never" : longAge(status.lastSyncedAt, now)],
    ["Doing now", phaseWords[status.phase]],
    ["Notes", format(noteTotal)],
    ["Browser features", format(featureTotal)],
    ["Requests", format(usage.requests)],
    ["Read units", format(usage.readUnits)],
    ["Write units", format(usage.writeUnits)],
  ];
  return (
    <section className="panel-section" aria-label="Details">
      <h3>Details</h3>
      <dl className="facts">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className="hint">Requests and units count since this page was opened.</p>
    </section>
  );
}

const phaseWords = {
  idle: "Nothing",
  "signing-in": "Signing in",
  pulling: "Fetching",
  pushing: "Sending",
  "backing-off": "Waiting to try again",
} as const;

function format(number: number): string {
  return number.toLocaleString("en", { maximumFractionDigits: 1 });
}
