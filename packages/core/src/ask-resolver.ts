// Calls an app's resolver. It is code that we do not know: whatever it does but answer properly is a question to a person.
import type { Conflict, Resolver } from "./conflict.ts";
import { parseValue, storageForm, type JsonValue } from "./json-value.ts";
import { isSyncError } from "./sync-error.ts";

/** `how`: for the reason of the conflict's record. */
export type ResolverAnswer =
  | { readonly type: "local" | "remote" | "removed" | "ask"; readonly how: string }
  | { readonly type: "value"; readonly value: JsonValue; readonly how: string };

export function askResolver(resolver: Resolver<JsonValue>, conflict: Conflict<JsonValue>): ResolverAnswer {
  try {
    return parseResolution(resolver(conflict));
  } catch (error) {
    if (isSyncError(error)) return askPerson(`the resolver gave a value that can't be stored (${error.code})`);
    return askPerson(`the resolver failed${error instanceof Error ? ` with ${error.name}` : ""}`);
  }
}

/** By type alone it can't be anything else; but resolvers are often plain JavaScript. */
function parseResolution(resolution: unknown): ResolverAnswer {
  if (resolution instanceof Promise) {
    // Nobody waits for it, so that its failure must not count as unhandled.
    resolution.catch(() => {});
    return askPerson("the resolver gave a promise");
  }
  if (typeof resolution !== "object" || resolution === null || !("type" in resolution)) return noAnswer();
  switch (resolution.type) {
    case "local":
      return { type: "local", how: "the resolver took this device's side" };
    case "remote":
      return { type: "remote", how: "the resolver took the cloud's side" };
    case "removed":
      return { type: "removed", how: "the resolver removed the record" };
    case "ask":
      return { type: "ask", how: "a person must decide" };
    case "value": {
      if (!("value" in resolution)) return noAnswer();
      const value = parseValue(resolution.value);
      storageForm(value); // throws where no record can hold it
      return { type: "value", value, how: "the resolver gave the value" };
    }
    default:
      return noAnswer();
  }
}

const noAnswer = (): ResolverAnswer => askPerson("the resolver gave no answer that it may give");

const askPerson = (why: string): ResolverAnswer => ({ type: "ask", how: `${why}, so a person must decide` });
