// Listening on loopback, and telling whether a name means this machine.
import { once } from "node:events";
import type { Server } from "node:http";
import { EmulatorError } from "../emulator-error.ts";

/** The URL that the server listens on, without a slash at its end. Port 0: a free one. */
export async function listenOnLoopback(server: Server, port: number): Promise<string> {
  server.listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    throw new EmulatorError(
      "port-in-use",
      code === "EADDRINUSE"
        ? `Port ${port} is in use. Stop what listens there, choose another port, or 0 for a free one.`
        : `Port ${port} can't be listened on (${String(code)}). Choose another port, or 0 for a free one.`,
      { cause: error },
    );
  }
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port");
  return `http://127.0.0.1:${address.port}`;
}

export function checkPort(port: number): void {
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return;
  throw new EmulatorError("invalid-option", `The port must be a number from 0 to 65535, not ${port}.`);
}

/** A Host header, or an Origin. Other names that resolve to loopback are what DNS rebinding would use. */
export function isLoopback(hostOrOrigin: string | undefined): boolean {
  const url = hostOrOrigin?.includes("://") ? hostOrOrigin : `http://${hostOrOrigin ?? ""}`;
  return URL.canParse(url) && ["127.0.0.1", "localhost", "[::1]"].includes(new URL(url).hostname);
}

/** Ends with the requests under way. */
export async function closeServer(server: Server): Promise<void> {
  if (!server.listening) return;
  const closed = once(server, "close");
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeMsMax);
  await closed;
  clearTimeout(timer);
}

const closeMsMax = 2000;
