// A tab's environment in a simulated run: its clock, its chance, its device's locks and channels. Nothing of it happens by
// itself: every wait is a timer, a grant or a delivery that the scheduler chooses.
import type { Channel, RuntimeImplementation } from "../../runtime.ts";
import type { Device, Tab } from "./device.ts";
import type { Scheduler } from "./scheduler.ts";

export function simulatedRuntime(tab: Tab, device: Device, scheduler: Scheduler, random: () => number) {
  const now = (): number => scheduler.clock + device.clockOffset;
  const runtime: RuntimeImplementation = {
    now,
    random,
    randomBytes: (length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) return reject(signal.reason);
        const abort = (): void => {
          stop();
          reject(signal.reason);
        };
        const run = (): void => {
          signal.removeEventListener("abort", abort);
          tab.requests = 0;
          resolve();
        };
        const stop = scheduler.setTimer({ at: scheduler.clock + ms, owner: tab, isAwaited: true, run });
        signal.addEventListener("abort", abort, { once: true });
      }),
    schedule: (ms, work) => {
      const run = (): void => {
        tab.requests = 0;
        work();
      };
      return scheduler.setTimer({ at: scheduler.clock + ms, owner: tab, isAwaited: false, run });
    },
    online: () => device.isOnline,
    visible: () => tab.isVisible,
    onChange: (listener) => {
      tab.listeners.add(listener);
      return () => void tab.listeners.delete(listener);
    },
    withLock: (name, signal, work) => device.locks.request(name, tab, signal, work),
    channel: (name, receive) => openChannel(name, receive, { tab, device, scheduler }),
    storage: async () => null,
    requestPersistence: async () => false,
  };
  return runtime;
}

function openChannel(
  name: string,
  receive: (message: unknown) => void,
  { tab, device, scheduler }: { tab: Tab; device: Device; scheduler: Scheduler },
): Channel {
  const own = { name, tab, receive };
  device.channels.add(own);
  return {
    post: (message) => {
      for (const other of device.channels) {
        if (other === own || other.name !== name || !other.tab.isAlive) continue;
        scheduler.add(other.tab.inbox, "message", () => {
          if (device.channels.has(other)) other.receive(message);
        });
      }
    },
    close: () => void device.channels.delete(own),
  };
}
