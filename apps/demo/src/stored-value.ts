// A word of this device's that outlives reloads and is the same in all its tabs.
import type { Live } from "@holdfast/client";
import { databaseName } from "./device.ts";
import { liveValue } from "./live.ts";

export interface StoredValue extends Live<string | null> {
  readonly set: (value: string | null) => void;
}

export function storedValue(name: string): StoredValue {
  const storageKey = `${databaseName}:${name}`;
  const current = liveValue(localStorage.getItem(storageKey));
  window.addEventListener("storage", (event) => {
    if (event.key === storageKey) current.set(event.newValue);
  });
  return {
    getSnapshot: current.getSnapshot,
    getServerSnapshot: current.getServerSnapshot,
    subscribe: current.subscribe,
    set(value) {
      if (value === null) localStorage.removeItem(storageKey);
      else localStorage.setItem(storageKey, value);
      current.set(value);
    },
  };
}
