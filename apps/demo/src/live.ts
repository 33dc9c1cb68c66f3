// Shared values that components watch: the client's, and the demo's own of the same shape.
import type { Live } from "@holdfast/client";
import { useSyncExternalStore } from "react";

/** `select` must return a primitive, or a part of the snapshot itself. */
export function useLive<S>(live: Live<S>): S;
export function useLive<S, V>(live: Live<S>, select: (snapshot: S) => V): V;
export function useLive<S, V>(live: Live<S>, select?: (snapshot: S) => V): S | V {
  const read = (snapshot: S): S | V => (select === undefined ? snapshot : select(snapshot));
  return useSyncExternalStore(
    live.subscribe,
    () => read(live.getSnapshot()),
    () => read(live.getServerSnapshot()),
  );
}

export interface LiveValue<S> extends Live<S> {
  readonly set: (value: S) => void;
}

export function liveValue<S>(initial: S): LiveValue<S> {
  let current = initial;
  const listeners = new Set<() => void>();
  return {
    getSnapshot: () => current,
    getServerSnapshot: () => initial,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    set(value) {
      if (Object.is(current, value)) return;
      current = value;
      for (const listener of [...listeners]) listener();
    },
  };
}
