// The screen stands in the address (#/notes/KEY, #/data/KEY): a reload and the back button do what one expects.
import { useSyncExternalStore } from "react";

export type Place = "notes" | "data";

export interface Route {
  readonly place: Place;
  readonly key: string | null;
}

export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => location.hash));
}

export function currentRoute(): Route {
  return parseRoute(location.hash);
}

const listeners = new Set<() => void>();

/** Shown at once, not only when the browser gets round to its `hashchange`. */
export function goTo(place: Place, key: string | null = null): void {
  location.hash = key === null ? `#/${place}` : `#/${place}/${encodeURIComponent(key)}`;
  for (const listener of listeners) listener();
}

function parseRoute(hash: string): Route {
  const [place, key] = hash.replace(/^#\/?/, "").split("/");
  return { place: place === "data" ? "data" : "notes", key: key ? decodeURIComponent(key) : null };
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  window.addEventListener("hashchange", listener);
  return () => {
    listeners.delete(listener);
    window.removeEventListener("hashchange", listener);
  };
}
