// Whether the Sync panel is open in this window: at first only where it stands beside the notes and covers nothing.
import { liveValue, type LiveValue } from "./live.ts";

const storageKey = "holdfast-demo:panel";
const stored = sessionStorage.getItem(storageKey);

export const panelOpen: LiveValue<boolean> = liveValue(
  stored === null ? matchMedia("(min-width: 1040px)").matches : stored === "open",
);

panelOpen.subscribe(() => sessionStorage.setItem(storageKey, panelOpen.getSnapshot() ? "open" : "closed"));
