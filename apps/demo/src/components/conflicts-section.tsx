import { conflictView, type ConflictView, type Side } from "../conflict-view.ts";
import { client } from "../sync.ts";
import { longAge, useNow } from "../time-words.ts";
import { run, showToast } from "../toasts.ts";
import { useConflicts } from "../use-conflicts.ts";

/** What two devices changed at once: which value was kept, and the way to the other one. */
export function ConflictsSection() {
  const conflicts = useConflicts();
  const now = useNow();
  return (
    <section className="panel-section" data-testid="conflicts" data-count={conflicts.length} aria-label="Conflicts">
      <h3>
        Conflicts
        {conflicts.length > 0 && <span className="count">{conflicts.length}</span>}
      </h3>
      {conflicts.length === 0 && <p className="hint">None. If two devices change the same thing, both versions show here.</p>}
      {conflicts.map((conflict) => (
        <ConflictCard key={conflict.id} view={conflictView(conflict)} now={now} />
      ))}
    </section>
  );
}

const sideNames: Readonly<Record<Side, string>> = { local: "This device", remote: "Other device" };

function ConflictCard({ view, now }: { view: ConflictView; now: number }) {
  const choose = (side: Side) =>
    run(
      client
        .resolveConflict(view.id, { type: side })
        .then(() => showToast(`“${view.title}”: the version of ${sideNames[side].toLowerCase()} is back.`)),
    );
  return (
    <article className="conflict" data-testid="conflict" data-state={view.isOpen ? "open" : "settled"}>
      <header>
        <strong>{view.title}</strong>
        <span>{longAge(view.at, now)}</span>
      </header>
      <p className="hint">{view.isOpen ? "Waits for you: choose one." : view.reason}</p>
      <div className="conflict-sides">
        {(["local", "remote"] as const).map((side) => (
          <ConflictSide key={side} view={view} side={side} onChoose={() => choose(side)} />
        ))}
      </div>
    </article>
  );
}

function ConflictSide({ view, side, onChoose }: { view: ConflictView; side: Side; onChoose: () => void }) {
  const isKept = view.kept === side;
  return (
    <div className="conflict-side" data-kept={isKept}>
      <h4>
        {sideNames[side]} {isKept && <span className="badge">Kept</span>}
      </h4>
      <dl>
        {view.fields.map((field) => (
          <div key={field.name}>
            <dt>{field.name}</dt>
            <dd>{field[side]}</dd>
          </div>
        ))}
      </dl>
      {!isKept && (
        <button
          type="button"
          className="button small"
          data-testid="restore"
          data-side={side}
          aria-label={`${view.isOpen ? "Keep" : "Restore"} the version of ${sideNames[side].toLowerCase()}`}
          onClick={onChoose}
        >
          {view.isOpen ? "Keep this" : "Restore this"}
        </button>
      )}
    </div>
  );
}
