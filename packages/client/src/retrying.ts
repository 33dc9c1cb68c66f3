import { backoffMs, failuresMax, isRetryable, isSyncError } from "@holdfast/core";
import type { RuntimeImplementation } from "./runtime.ts";

/** Repeats what can be repeated without harm (a read), with full jitter between (S-14). */
export async function retrying<R>(
  work: () => Promise<R>,
  { runtime, signal }: { readonly runtime: RuntimeImplementation; readonly signal: AbortSignal },
): Promise<R> {
  for (let failures = 1; ; failures += 1) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      const isWorthIt = isSyncError(error) && isRetryable(error.code) && error.code !== "offline";
      if (!isWorthIt || failures >= failuresMax || !runtime.online()) throw error;
    }
    await runtime.sleep(backoffMs(failures, runtime.random()), signal);
  }
}
