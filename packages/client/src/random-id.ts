import type { RuntimeImplementation } from "./runtime.ts";

/** Random bytes in base64url, without padding. */
export function randomId(runtime: RuntimeImplementation, bytes: number): string {
  const text = btoa(String.fromCharCode(...runtime.randomBytes(bytes)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
