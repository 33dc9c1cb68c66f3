// Letting everything run that waits for nothing but its turn.

/** The next turn of the event loop. A timer would wait for a millisecond; not every environment has setImmediate. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (immediate) immediate(resolve);
    else setTimeout(resolve);
  });
}

const immediate = globalFunction("setImmediate");

type Scheduling = (run: () => void) => unknown;

function globalFunction(name: string): Scheduling | null {
  const found: unknown = Reflect.get(globalThis, name);
  return typeof found === "function" ? (run) => Reflect.apply(found, globalThis, [run]) : null;
}
