import { useEffect, useRef } from "react";
import { DataScreen } from "./components/data-screen.tsx";
import { NotesScreen } from "./components/notes-screen.tsx";
import { SyncPanel } from "./components/sync-panel.tsx";
import { ToastStack } from "./components/toast-stack.tsx";
import { TopBar } from "./components/top-bar.tsx";
import { useLive } from "./live.ts";
import { dropIfBlank } from "./note-actions.ts";
import { panelOpen } from "./panel.ts";
import { useRoute } from "./route.ts";

export function App() {
  const { place, key } = useRoute();
  const isPanelOpen = useLive(panelOpen);
  useLeftBlankNotes(place === "notes" ? key : null);
  return (
    <div className="app" data-panel={isPanelOpen ? "open" : "closed"} data-view={key === null ? "list" : "detail"}>
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
