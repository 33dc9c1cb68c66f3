// The runtime of pages, workers and servers. It looks for what the environment has when it is asked, never before: a
// server may import the client, and a page may be rendered there.
import type { Channel, RuntimeImplementation } from "./runtime.ts";

export function browserRuntime(): RuntimeImplementation {
  return {
    now: () => Date.now(),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    random: () => Math.random(),
    sleep,
    schedule,
    online: () => typeof navigator === "undefined" || navigator.onLine !== false,
    visible: () => typeof document === "undefined" || document.visibilityState === "visible",
    onChange,
    withLock,
    channel: openChannel,
    storage: readStorage,
    requestPersistence: async () => (await navigator.storage?.persist?.()) ?? false,
  };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });
}

function schedule(ms: number, run: () => void): () => void {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
}

function onChange(listener: () => void): () => void {
  if (typeof globalThis.addEventListener !== "function") return () => {};
  const stop = new AbortController();
  const { signal } = stop;
  for (const event of ["online", "offline"]) globalThis.addEventListener(event, listener, { signal });
  if (typeof document !== "undefined") document.addEventListener("visibilitychange", listener, { signal });
  return () => stop.abort();
}

/** Where there are no Web Locks (a server, an old browser) there is nothing to share the network with: the rules hold anyway. */
async function withLock<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const locks = typeof navigator === "undefined" ? undefined : navigator.locks;
  if (!locks) return work();
  return locks.request(name, { signal }, work);
}

function openChannel(name: string, receive: (message: unknown) => void): Channel {
  if (typeof BroadcastChannel === "undefined") return { post: () => {}, close: () => {} };
  const channel = new BroadcastChannel(name);
  channel.addEventListener("message", (event) => receive(event.data));
  return { post: (message) => channel.postMessage(message), close: () => channel.close() };
}

async function readStorage(): ReturnType<RuntimeImplementation["storage"]> {
  const storage = typeof navigator === "undefined" ? undefined : navigator.storage;
  if (typeof storage?.estimate !== "function") return null;
  const [{ usage = 0, quota = 0 }, persisted] = await Promise.all([storage.estimate(), storage.persisted()]);
  return { persisted, usedBytes: usage, quotaBytes: quota };
}
