// "Go offline": this device's requests fail as they do without a network. The page itself stays reachable, as a
// service worker would keep it. navigator.onLine and its events follow the switch; a real loss of network shows too.
import { useLive } from "./live.ts";
import { storedValue } from "./stored-value.ts";

const stored = storedValue("offline");

let cutOff = new AbortController();

export function useOfflineSwitch(): boolean {
  return useLive(stored, (value) => value !== null);
}

/** For all tabs of this device: one that stayed online would go on for the others. */
export function setOffline(offline: boolean): void {
  stored.set(offline ? "yes" : null);
}

function isSwitchedOff(): boolean {
  return stored.getSnapshot() !== null;
}

function followSwitch(): void {
  if (isSwitchedOff()) cutOff.abort(networkError());
  else cutOff = new AbortController();
  window.dispatchEvent(new Event(navigator.onLine ? "online" : "offline"));
}

/** Called before anything else of the app runs. */
export function installNetworkSwitch(): void {
  if (isSwitchedOff()) cutOff.abort(networkError());
  stored.subscribe(followSwitch);
  const browsers = Object.getOwnPropertyDescriptor(Navigator.prototype, "onLine");
  Object.defineProperty(navigator, "onLine", {
    configurable: true,
    get: () => !isSwitchedOff() && browsers?.get?.call(navigator) !== false,
  });
  const realFetch = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    if (isOwnPage(input)) return realFetch(input, init);
    if (isSwitchedOff()) throw networkError();
    const asked = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const signal = asked === undefined ? cutOff.signal : AbortSignal.any([asked, cutOff.signal]);
    return realFetch(input, { ...init, signal });
  };
  // A browser's own "online" must not wake a window that is switched off.
  window.addEventListener(
    "online",
    (event) => {
      if (isSwitchedOff()) event.stopImmediatePropagation();
    },
    { capture: true },
  );
}

function isOwnPage(input: RequestInfo | URL): boolean {
  const url = input instanceof Request ? input.url : input;
  return new URL(url, location.href).origin === location.origin;
}

function networkError(): TypeError {
  return new TypeError("Failed to fetch");
}
