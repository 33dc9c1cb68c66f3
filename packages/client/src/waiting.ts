// Waiting that an app may give up: what it waited for goes on.
import { SyncError } from "@holdfast/core";

/** Nothing is begun where it is aborted already. @throws SyncError `aborted` */
export function withSignal<R>(work: () => Promise<R>, signal: AbortSignal | undefined): Promise<R> {
  if (!signal) return work();
  if (signal.aborted) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(aborted(signal));
    signal.addEventListener("abort", stop, { once: true });
    work()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", stop));
  });
}

/** Until `isDone`, looked at now and after each change that `subscribe` tells of. What it throws ends the waiting. */
export async function waitFor(
  isDone: () => Promise<boolean>,
  subscribe: (listener: () => void) => () => void,
  signal: AbortSignal | undefined,
): Promise<void> {
  let wake = (): void => {};
  const stop = subscribe(() => wake());
  try {
    for (;;) {
      // Before looking: a change that comes meanwhile must not be missed.
      const changed = new Promise<void>((resolve) => (wake = resolve));
      if (await isDone()) return;
      await withSignal(() => changed, signal);
    }
  } finally {
    stop();
  }
}

const aborted = (signal: AbortSignal): SyncError =>
  new SyncError(
    { code: "aborted", message: "The app's signal was aborted. What was waited for goes on by itself." },
    { cause: signal.reason },
  );
