import type { ConflictRecord } from "@holdfast/client";
import { conflictView, type ConflictView, type Side } from "../conflict-view.ts";
import { markSeen, type SortedConflicts } from "../conflicts.ts";
import { client } from "../sync.ts";
import { longAge, useNow } from "../time-words.ts";
import { run, showToast } from "../toasts.ts";

/** What two devices changed at once: which value was kept, and the way to the other one. */
export function ConflictsSection({ fresh, seen }: SortedConflicts) {
  const total = fresh.length + seen.length;
  return (
    <section className="panel-section" data-testid="conflicts" data-count={total} aria-label="Conflicts">
      <h3>
        Conflicts
        {fresh.length > 0 && <span className="count">{fresh.length}</span>}
        {fresh.length > 1 && fresh.every(({ state }) => state === "settled") && (
          <button type="button" className="link-button" onClick={() => markSeen(fresh.map(({ id }) => id))}>
            All fine as they are
          </button>
        )}
      </h3>
      {total === 0 && <p className="hint">None. If two devices change the same words, both versions show here.</p>}
      <ConflictCards conflicts={fresh} isSeen={false} />
      {seen.length > 0 && (
        <details className="seen-conflicts">
          <summary>{seen.length} settled earlier</summary>
          <ConflictCards conflicts={seen} isSeen />
        </details>
      )}
    </section>
  );
}

function ConflictCards({ conflicts, isSeen }: { conflicts: readonly ConflictRecord[]; isSeen: boolean }) {
  const now = useNow();
  return conflicts.map((conflict) => (
    <ConflictCard key={conflict.id} view={conflictView(conflict)} isSeen={isSeen} now={now} />
  ));
}

const sideNames: Readonly<Record<Side, string>> = { local: "This device", remote: "Other device" };

function ConflictCard({ view, isSeen, now }: { view: ConflictView; isSeen: boolean; now: number }) {
  const choose = (side: Side) =>
    run(
      client.resolveConflict(view.id, { type: side }).then(() => {
        markSeen([view.id]);
        showToast(`“${view.title}”: the version of ${sideNames[side].toLowerCase()} is back.`);
      }),
    );
  return (
    <article className="conflict" data-testid="conflict" data-state={view.isOpen ? "open" : "settled"}>
      <header>
        <strong>{view.title}</strong>
        <span>{longAge(view.at, now)}</span>
      </header>
      <p className="hint">{headline(view)}</p>
      <div className="conflict-sides">
        {(["local", "remote"] as const).map((side) => (
          <ConflictSide key={side} view={view} side={side} onChoose={() => choose(side)} />
        ))}
      </div>
      {!view.isOpen && !isSeen && (
        <button type="button" className="link-button" data-testid="keep" onClick={() => markSeen([view.id])}>
          Fine as it is
        </button>
      )}
    </article>
  );
}

function headline({ isOpen, kept }: ConflictView): string {
  if (isOpen) return "Changed on two devices. Choose which one to keep.";
  return kept === null
    ? "Changed on two devices and merged. Both versions are still here."
    : "Changed on two devices. The version marked “kept” is in the note; the other one is still here.";
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
