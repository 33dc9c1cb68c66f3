// The HTTP server: reads requests, writes answers with the emulated cloud's Date, and breaks connections when told to.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { CloudClock } from "../clock.ts";
import { AwsError, errorAnswer, type Answer } from "./answer.ts";
import { answerControl, controlPrefix, type Controls } from "./control.ts";
import { corsHeaders, preflightHeaders } from "./cors.ts";
import { readBody } from "./read-body.ts";
import { route, type RouterOptions } from "./router.ts";
import type { ServiceRequest } from "./service-request.ts";

export interface EmulatorServerOptions extends RouterOptions {
  readonly clock: CloudClock;
  readonly controls: Controls;
  /** Breaks what still waits. */
  readonly signal: AbortSignal;
}

/** Longer than clients keep an idle connection, so that none breaks just when it is used again. */
const idleMsMax = 120_000;

export function createEmulatorServer(options: EmulatorServerOptions): Server {
  const server = createServer((message, response) => {
    // It rejects when the client breaks the connection.
    handle(message, response, options).catch(() => response.destroy());
  });
  server.keepAliveTimeout = idleMsMax;
  return server;
}

async function handle(
  message: IncomingMessage,
  response: ServerResponse,
  options: EmulatorServerOptions,
): Promise<void> {
  const body = await readBody(message);
  const request = serviceRequest(message, body ?? Buffer.alloc(0));
  const date = (): string => new Date(options.clock.now()).toUTCString();
  if (request.method === "OPTIONS") {
    const methods = request.path.startsWith(controlPrefix) ? "GET,POST,DELETE" : "POST";
    const headers = preflightHeaders(request.headers["access-control-request-headers"], methods);
    response.writeHead(200, { ...headers, date: date(), "content-length": 0 }).end();
    return;
  }
  const answer = body === null ? tooLarge() : await answerTo(request, options);
  if (answer === null) {
    message.socket.destroy();
    return;
  }
  response
    .writeHead(answer.status, {
      ...answer.headers,
      ...corsHeaders(request.headers["origin"]),
      date: date(),
      "content-length": Buffer.byteLength(answer.body),
    })
    .end(answer.body);
}

async function answerTo(request: ServiceRequest, options: EmulatorServerOptions): Promise<Answer | null> {
  try {
    if (request.path.startsWith(controlPrefix)) return answerControl(request, options.controls);
    return await route(request, options, options.signal);
  } catch (error) {
    // A defect of the emulator's, or an engine that has gone: said where it is noticed first.
    const message = `The emulator failed: ${error instanceof Error ? error.message : String(error)}`;
    return errorAnswer("1.0", new AwsError("InternalFailure", message, { status: 500 }));
  }
}

const tooLarge = (): Answer =>
  errorAnswer("1.0", new AwsError("com.amazon.coral.service#RequestEntityTooLargeException", "", { status: 413 }));

function serviceRequest({ method = "", url = "", headers }: IncomingMessage, body: Buffer): ServiceRequest {
  const [path = "", query = ""] = url.split("?", 2);
  const texts = Object.entries(headers).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []));
  return { method, path, query, headers: Object.fromEntries(texts), body };
}
