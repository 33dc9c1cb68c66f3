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

export function goTo(place: Place, key: string | null = null): void {
  location.hash = key === null ? `#/${place}` : `#/${place}/${encodeURIComponent(key)}`;
}

function parseRoute(hash: string): Route {
  const [place, key] = hash.replace(/^#\/?/, "").split("/");
  return { place: place === "data" ? "data" : "notes", key: key ? decodeURIComponent(key) : null };
}

function subscribe(listener: () => void): () => void {
  window.addEventListener("hashchange", listener);
  return () => window.removeEventListener("hashchange", listener);
}
