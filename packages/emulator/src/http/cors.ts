// Cross-origin answers as AWS gives them: any origin, whatever headers are asked for, and these headers to read. A
// browser can't read x-amz-crc32, with AWS neither.
const exposedHeaders = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

/** For answers to requests that come from a page. */
export function corsHeaders(origin: string | undefined): Record<string, string> {
  return origin === undefined
    ? {}
    : { "access-control-allow-origin": "*", "access-control-expose-headers": exposedHeaders };
}

export function preflightHeaders(requestedHeaders: string | undefined, methods = "POST"): Record<string, string> {
  return {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": methods,
    ...(requestedHeaders === undefined ? {} : { "access-control-allow-headers": requestedHeaders }),
    "access-control-expose-headers": exposedHeaders,
    "access-control-max-age": "172800",
  };
}
