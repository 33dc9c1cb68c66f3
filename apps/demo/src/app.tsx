import { useEffect, useRef } from "react";
import { flushDrafts, unsavedFields } from "./drafts.ts";
import { DataScreen } from "./components/data-screen.tsx";
import { NotesScreen } from "./components/notes-screen.tsx";
import { SyncPanel } from "./components/sync-panel.tsx";
import { ToastStack } from "./components/toast-stack.tsx";
import { TopBar } from "./components/top-bar.tsx";
import { noteTitle } from "./note.ts";
import { createNote, dropIfBlank } from "./note-actions.ts";
import { useLive } from "./live.ts";
import { panelOpen } from "./panel.ts";
import { currentRoute, goTo, useRoute } from "./route.ts";
import { resumeLogin } from "./session.ts";
import { count } from "./status-words.ts";
import { client, notes } from "./sync.ts";
import { run, showToast } from "./toasts.ts";

export function App() {
  const { place, key } = useRoute();
  const isPanelOpen = useLive(panelOpen);
  useLeftBlankNotes(place === "notes" ? key : null);
  return (
    <div className="app" data-panel={isPanelOpen ? "open" : "closed"}>
      <TopBar place={place} />
      {place === "notes" ? <NotesScreen noteKey={key} /> : <DataScreen featureKey={key} />}
      {isPanelOpen && <SyncPanel />}
      <ToastStack />
    </div>
  );
}

function useLeftBlankNotes(noteKey: string | null): void {
  const last = useRef<string | null>(null);
  useEffect(() => {
    if (last.current !== null && last.current !== noteKey) dropIfBlank(last.current);
    last.current = noteKey;
  }, [noteKey]);
}

/** What the page does as a whole, once: keys, leaving, news from other devices. */
export function startApp(): void {
  run(resumeLogin());
  window.addEventListener("keydown", onShortcut);
  document.addEventListener("visibilitychange", flushDrafts);
  window.addEventListener("pagehide", flushDrafts);
  window.addEventListener("beforeunload", (event) => {
    flushDrafts();
    if (client.status.getSnapshot().unwritten > 0 || unsavedFields.getSnapshot() > 0) event.preventDefault();
  });
  notes.subscribe((change) => {
    if (change.type === "reset") return;
    const [first] = change.conflicts;
    if (first === undefined) return;
    const note = notes.getSnapshot().records.get(first.key);
    const name = note === undefined ? "a note" : `“${noteTitle(note)}”`;
    const others = change.conflicts.length > 1 ? ` and ${count(change.conflicts.length - 1, "more note")}` : "";
    showToast(`Two devices changed ${name}${others}. Both versions are kept.`, {
      action: { label: "Compare", run: showConflicts },
    });
  });
}

function showConflicts(): void {
  panelOpen.set(true);
  window.requestAnimationFrame(() => document.querySelector('[data-testid="conflicts"]')?.scrollIntoView());
}

function onShortcut(event: KeyboardEvent): void {
  const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "/") document.querySelector<HTMLElement>('[data-testid="search"]')?.focus();
  else if (event.key === "n") createNote();
  else if (event.key === "Escape" && currentRoute().key !== null) goTo(currentRoute().place);
  else return;
  event.preventDefault();
}
