import { isRetryable, isSyncError } from "@holdfast/core";
import { backoffMs } from "./backoff.ts";
import type { RuntimeImplementation } from "./runtime.ts";

/** Failures in a row after which a run gives up; auto sync tries again later. */
export const failuresMax = 6;

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
