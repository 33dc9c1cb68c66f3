// The engine's process: the binary that comes as an optional dependency, on a free loopback port.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { EmulatorError } from "../emulator-error.ts";

export interface EngineProcess {
  readonly endpoint: string;
  stop(): Promise<void>;
}

const startMsMax = 10_000;
const stopMsMax = 5000;
const startsMax = 3;

// Runs the engine and stops it as soon as standard input ends. That also happens when the emulator is killed with
// SIGKILL, which no handler of its own could notice.
const guardScript = `
exec 3<&0 </dev/null
"$@" 3<&- &
engine=$!
{ read -r _ <&3; kill "$engine"; } 2>/dev/null &
guard=$!
exec 3<&-
wait "$engine"
status=$?
kill "$guard" 2>/dev/null
exit "$status"
`;

/** `databasePath` null: in memory. */
export async function startDynoxide(databasePath: string | null): Promise<EngineProcess> {
  const binary = findBinary();
  for (let starts = 1; ; starts++) {
    // Between finding a free port and listening on it somebody else may take it.
    const port = await freePort();
    const options = ["--port", String(port), ...(databasePath === null ? [] : ["--db-path", databasePath])];
    const child = spawnGuarded(binary, options);
    const failure = await untilListening(child);
    if (failure === null) return { endpoint: `http://127.0.0.1:${port}`, stop: () => stop(child) };
    await stop(child);
    if (starts === startsMax) {
      throw new EmulatorError(
        "engine-failed",
        `The DynamoDB engine (${binary}) did not start: ${failure}. Name another one: engine: { endpoint }, or ` +
          "--engine-endpoint of the command.",
      );
    }
  }
}

function findBinary(): string {
  const name = `@dynoxide/${process.platform}-${process.arch}`;
  try {
    const directory = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    return join(directory, process.platform === "win32" ? "dynoxide.exe" : "dynoxide");
  } catch (error) {
    throw new EmulatorError(
      "engine-missing",
      `The DynamoDB engine for this machine (the optional dependency ${name}) is not installed. Install it ` +
        "if it exists for this platform, or start another engine, DynamoDB Local for example, and name it: " +
        'engine: { endpoint: "http://127.0.0.1:8000" }, or --engine-endpoint of the command.',
      { cause: error },
    );
  }
}

function spawnGuarded(binary: string, options: readonly string[]): ChildProcess {
  const stdio = "pipe";
  // Detached, so that Ctrl-C in a terminal reaches the emulator alone and it closes in order.
  return process.platform === "win32"
    ? spawn(binary, options, { stdio })
    : spawn("sh", ["-c", guardScript, "sh", binary, ...options], { stdio, detached: true });
}

/** null: it listens. Otherwise why not. */
async function untilListening(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    let output = "";
    const timer = setTimeout(() => resolve(`it did not listen within ${startMsMax / 1000} s`), startMsMax);
    const settle = (failure: string | null): void => {
      clearTimeout(timer);
      resolve(failure);
    };
    // Both streams are read for ever: a full pipe would stop the engine.
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        if (output.length < 2000) output += chunk.toString();
        if (output.includes("listening on")) settle(null);
      });
    }
    // It may have ended before it reads.
    child.stdin?.on("error", () => undefined);
    child.on("error", (error) => settle(error.message));
    child.on("close", (status) => settle(`it ended with ${status}: ${output.trim()}`));
  });
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.stdin?.end();
  if (process.platform === "win32") child.kill();
  const timer = setTimeout(() => killAll(child), stopMsMax);
  await ended;
  clearTimeout(timer);
}

function killAll({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  // The guard leads a process group of its own, with the engine in it.
  process.kill(process.platform === "win32" ? pid : -pid, "SIGKILL");
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return address.port;
}
