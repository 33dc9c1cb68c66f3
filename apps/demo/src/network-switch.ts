// "Go offline": this window's requests fail as they do without a network. The page itself stays reachable, as a
// service worker would keep it. navigator.onLine and its events follow the switch, and a real loss of network shows too.
import { databaseName } from "./device.ts";
import { liveValue } from "./live.ts";

// A popup starts with a copy of its opener's sessionStorage, so the key names the device.
const storageKey = `${databaseName}:offline`;

const switchedOff = liveValue(sessionStorage.getItem(storageKey) === "yes");

export const offlineSwitch = {
  getSnapshot: switchedOff.getSnapshot,
  getServerSnapshot: switchedOff.getServerSnapshot,
  subscribe: switchedOff.subscribe,
};

let cutOff = new AbortController();

export function setOffline(offline: boolean): void {
  if (offline === switchedOff.getSnapshot()) return;
  sessionStorage.setItem(storageKey, offline ? "yes" : "no");
  switchedOff.set(offline);
  if (offline) cutOff.abort(networkError());
  else cutOff = new AbortController();
  window.dispatchEvent(new Event(navigator.onLine ? "online" : "offline"));
}

/** Called before anything else of the app runs. */
export function installNetworkSwitch(): void {
  const reallyOnline = Object.getOwnPropertyDescriptor(Navigator.prototype, "onLine")?.get;
  Object.defineProperty(navigator, "onLine", {
    configurable: true,
    get: () => !switchedOff.getSnapshot() && reallyOnline?.call(navigator) !== false,
  });
  const realFetch = window.fetch.bind(window);
  window.fetch = async (input, init) => {
    if (isOwnPage(input)) return realFetch(input, init);
    if (switchedOff.getSnapshot()) throw networkError();
    const asked = init?.signal ?? (input instanceof Request ? input.signal : undefined);
    const signal = asked === undefined ? cutOff.signal : AbortSignal.any([asked, cutOff.signal]);
    return realFetch(input, { ...init, signal });
  };
  // A browser's own "online" must not wake a window that is switched off.
  window.addEventListener(
    "online",
    (event) => {
      if (switchedOff.getSnapshot()) event.stopImmediatePropagation();
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
