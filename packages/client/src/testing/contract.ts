// What the contract suites need of a test runner, which gives `describe` and `it` as globals, and of assertions.
import { jsonEquals, parseStoredValue, SyncError } from "@holdfast/core";

type Describe = (name: string, define: () => void) => unknown;

/** Milliseconds for one test: a real account may be far away. */
const testMsMax = 60_000;

/** @throws SyncError `internal` where the runner gives none */
export function runner(): {
  readonly describe: Describe;
  readonly it: (name: string, run: () => Promise<void>) => void;
} {
  const [describe, it]: readonly unknown[] = ["describe", "it"].map((name) => Reflect.get(globalThis, name));
  if (isCallable(describe) && isCallable(it)) {
    return { describe: (name, define) => describe(name, define), it: (name, run) => void it(name, run, testMsMax) };
  }
  throw new SyncError({
    code: "internal",
    message:
      "The contract suites need `describe` and `it` as globals. Set them (vitest: `globals: true`) and run again.",
  });
}

const isCallable = (found: unknown): found is (...given: readonly unknown[]) => unknown => typeof found === "function";

/** Fails the test unless both are the same JSON; undefined counts as absent. */
export function same(what: string, found: unknown, expected: unknown): void {
  const [a, b] = [found, expected].map((value) => parseStoredValue(JSON.parse(JSON.stringify(value ?? null))));
  if (jsonEquals(a, b)) return;
  throw new Error(`${what}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`);
}

/** Fails the test unless `work` is rejected with `error`. */
export async function rejects(what: string, work: Promise<unknown>, error: Error): Promise<void> {
  const thrown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (thrown !== error) throw new Error(`${what}: ${String(thrown)} instead of ${String(error)}`);
}
