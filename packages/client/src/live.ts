// The one way to be told: a snapshot that keeps its identity until something changes, and listeners without arguments.
import type { Live } from "./api.ts";

/** Listeners of one thing. One that throws does not stop the rest; its error surfaces as an uncaught one. */
export class Listeners<A extends readonly unknown[] = []> {
  readonly #listeners = new Set<(...args: A) => void>();

  readonly add = (listener: (...args: A) => void): (() => void) => {
    // A wrapper of its own, so that one function subscribed twice is called twice and unsubscribed one by one.
    const entry = (...args: A): void => listener(...args);
    this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  };

  readonly call = (...args: A): void => {
    for (const listener of [...this.#listeners]) {
      try {
        listener(...args);
      } catch (error) {
        reportUncaught(error);
      }
    }
  };

  get size(): number {
    return this.#listeners.size;
  }
}

/** A value that is set from outside. */
export class LiveValue<S> implements Live<S> {
  #snapshot: S;
  readonly #loading: S;
  readonly #listeners = new Listeners();

  constructor(loading: S) {
    this.#snapshot = Object.freeze(loading);
    this.#loading = loading;
  }

  readonly getSnapshot = (): S => this.#snapshot;
  readonly getServerSnapshot = (): S => this.#loading;
  readonly subscribe = (listener: () => void): (() => void) => this.#listeners.add(listener);

  /** Tells the listeners where the snapshot differs in any of its fields. */
  set(next: S): void {
    if (isShallowEqual(this.#snapshot, next)) return;
    this.#snapshot = Object.freeze(next);
    this.#listeners.call();
  }
}

export function isShallowEqual(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  // Asked of every status after every step: no lists are made for it but the names.
  const names = Object.keys(a);
  if (names.length !== Object.keys(b).length) return false;
  for (const name of names) {
    if (!Object.hasOwn(b, name) || !Object.is(Reflect.get(a, name), Reflect.get(b, name))) return false;
  }
  return true;
}

/** As the browser reports any uncaught error, without ending what runs now. */
function reportUncaught(error: unknown): void {
  void Promise.reject(error);
}
