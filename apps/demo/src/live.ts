// Shared values that components watch: the client's, and the demo's own of the same shape.
import type { Dataset, Live, QueryOptions, QuerySnapshot } from "@holdfast/client";
import { useMemo, useSyncExternalStore } from "react";

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

/** A query kept up while the component is there; asked anew when `deps` change. */
export function useRows<T>(dataset: Dataset<T>, options: QueryOptions<T>, deps: readonly unknown[]): QuerySnapshot<T> {
  return useLive(useMemo(() => dataset.query(options), [dataset, ...deps]));
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
