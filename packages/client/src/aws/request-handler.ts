// How requests of the AWS clients leave: one fetch each, never repeated. Own code rather than the SDK's handler, because
// that one's timeout ends with the headers (a hanging body would hang the sync), and because here the Date header of every
// answer sets the clock and a failure on the way has a type of its own instead of a browser's text.
import type { RuntimeImplementation } from "../runtime.ts";
import type { CloudClock } from "./cloud-clock.ts";

/** Milliseconds until the answer begins, beside the time for sending: a commit of 100 actions takes well under a second. */
const answerMsMax = 20_000;

/** Bytes a millisecond that the slowest connection worth waiting for carries (a bad mobile one): 128 kbit/s. */
const bytesPerMsMin = 16;

/** Milliseconds for an answer's body: a page of 1 MB of items, some 1.3 MB as JSON, at that speed. */
const bodyMsMax = 90_000;

/** The request failed on its way: whether it arrived is not known. */
export class TransportError extends Error {
  override readonly name = "TransportError";
  readonly host: string;
  readonly timedOut: boolean;

  constructor(host: string, timedOut: boolean, cause: unknown) {
    super(timedOut ? `${host} did not answer in time` : `${host} could not be reached`, { cause });
    this.host = host;
    this.timedOut = timedOut;
  }
}

/** What the SDK hands over: its HttpRequest. */
interface OutgoingRequest {
  readonly protocol: string;
  readonly hostname: string;
  readonly port?: number;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer> | string;
}

/** What the SDK reads: its HttpResponse. */
interface IncomingResponse {
  readonly statusCode: number;
  readonly reason: string;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** A `requestHandler` of an AWS client. */
export function fetchRequestHandler(runtime: RuntimeImplementation, clock: CloudClock): RequestHandler {
  return {
    handle: async (request, { abortSignal } = {}) => ({
      response: await send({ request, abortSignal, runtime, clock }),
    }),
    httpHandlerConfigs: () => ({}),
    updateHttpClientConfig: () => undefined,
  };
}

export interface RequestHandler {
  readonly handle: (
    request: OutgoingRequest,
    options?: { readonly abortSignal?: AbortSignal },
  ) => Promise<{ readonly response: IncomingResponse }>;
  readonly httpHandlerConfigs: () => object;
  readonly updateHttpClientConfig: () => void;
  readonly [member: string]: unknown;
}

interface Sending {
  readonly request: OutgoingRequest;
  readonly abortSignal: AbortSignal | undefined;
  readonly runtime: RuntimeImplementation;
  readonly clock: CloudClock;
}

async function send({ request, abortSignal, runtime, clock }: Sending): Promise<IncomingResponse> {
  abortSignal?.throwIfAborted();
  const stop = new AbortController();
  let timedOut = false;
  const giveUp = (): void => {
    timedOut = true;
    stop.abort();
  };
  const onAbort = (): void => stop.abort();
  abortSignal?.addEventListener("abort", onAbort);
  let cancelTimer = runtime.schedule(answerMsMax + (request.body?.length ?? 0) / bytesPerMsMin, giveUp);
  const sentAt = runtime.now();
  try {
    const answer = await fetch(urlOf(request), {
      method: request.method,
      headers: request.headers,
      body: request.body ?? null,
      signal: stop.signal,
      cache: "no-store",
      redirect: "error",
    });
    const date = answer.headers.get("date");
    if (date !== null) clock.observe(date, sentAt);
    cancelTimer();
    cancelTimer = runtime.schedule(bodyMsMax, giveUp);
    const body = new Uint8Array(await answer.arrayBuffer());
    return { statusCode: answer.status, reason: answer.statusText, headers: Object.fromEntries(answer.headers), body };
  } catch (error) {
    abortSignal?.throwIfAborted();
    throw new TransportError(request.hostname, timedOut, error);
  } finally {
    cancelTimer();
    abortSignal?.removeEventListener("abort", onAbort);
  }
}

function urlOf({ protocol, hostname, port, path }: OutgoingRequest): string {
  return `${protocol}//${hostname}${port === undefined ? "" : `:${port}`}${path}`;
}
