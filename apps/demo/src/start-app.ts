// What the page does as a whole, once: keys, leaving, news from other devices.
import { createElement } from "react";
import type { Root } from "react-dom/client";
import { App } from "./app.tsx";
import { followConflicts } from "./conflicts.ts";
import { flushDrafts, unsavedFields } from "./drafts.ts";
import { createNote } from "./note-actions.ts";
import { noteTitle } from "./note.ts";
import { panelOpen } from "./panel.ts";
import { currentRoute, goTo } from "./route.ts";
import { startSession } from "./session.ts";
import { count } from "./status-words.ts";
import { client, compat, notes } from "./sync.ts";
import { run, showToast } from "./toasts.ts";

declare global {
  interface Window {
    /** For the console: `await holdfast.notes.getAll()`, `await holdfast.client.synchronize()`. */
    holdfast: { client: typeof client; notes: typeof notes; compat: typeof compat };
  }
}

export function startApp(root: Root): void {
  window.holdfast = { client, notes, compat };
  root.render(createElement(App));
  run(startSession());
  followConflicts();
  notes.subscribe((change) => {
    if (change.type === "changed" && change.origin === "cloud") tellConflicts(change.conflicts.map(({ key }) => key));
  });
  window.addEventListener("keydown", onShortcut);
  document.addEventListener("visibilitychange", flushDrafts);
  window.addEventListener("pagehide", flushDrafts);
  window.addEventListener("beforeunload", (event) => {
    flushDrafts();
    if (client.status.getSnapshot().unwritten > 0 || unsavedFields.getSnapshot() > 0) event.preventDefault();
  });
}

function tellConflicts(keys: readonly string[]): void {
  const [first, ...rest] = new Set(keys);
  // An open panel shows them already.
  if (first === undefined || panelOpen.getSnapshot()) return;
  const note = notes.getSnapshot().records.get(first);
  const name = note === undefined ? "a note" : `“${noteTitle(note)}”`;
  const others = rest.length > 0 ? ` and ${count(rest.length, "more note")}` : "";
  showToast(`Two devices changed ${name}${others}. Both versions are kept.`, {
    action: { label: "Compare", run: showConflicts },
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
