// Waiting together: several callers for one piece of work, each until its own signal.

/** What `work` resolves to, or the signal's reason as soon as it is aborted. */
export function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener("abort", onAbort, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** One piece of work at a time, shared by all who join while it lasts. It is aborted when the last of them has left. */
export class SharedRun<T> {
  #running: Running<T> | null = null;

  /** `work` starts only where none is under way. */
  async join(work: (signal: AbortSignal) => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    const running = this.#running ?? this.#start(work);
    running.waiting += 1;
    try {
      return await abortable(running.result, signal);
    } finally {
      running.waiting -= 1;
      if (running.waiting === 0) this.#leave(running, signal);
    }
  }

  #start(work: (signal: AbortSignal) => Promise<T>): Running<T> {
    const controller = new AbortController();
    const running: Running<T> = { controller, waiting: 0, result: work(controller.signal) };
    this.#running = running;
    const end = (): void => this.#forget(running);
    running.result.then(end, end);
    return running;
  }

  #leave(running: Running<T>, signal: AbortSignal): void {
    this.#forget(running);
    running.controller.abort(signal.reason);
  }

  #forget(running: Running<T>): void {
    if (this.#running === running) this.#running = null;
  }
}

interface Running<T> {
  readonly controller: AbortController;
  readonly result: Promise<T>;
  waiting: number;
}
