// The difference of two values as a JSON Patch (RFC 6902), for people and resolvers to look at. The walk is our own:
// fast-json-patch gives no operation from [] to {}, refuses honest keys such as "constructor", and describes arrays by
// index, which corrupts them when two such patches are laid upon each other. The tests hold both against each other where
// fast-json-patch is right.
import type { Patch } from "./conflict.ts";
import { getOwn, isJsonObject, jsonEquals, pathToPointer, type JsonValue } from "./json-value.ts";

type Operation = Patch[number];

/** undefined: absent. Arrays are one value. */
export function diffValues(from: JsonValue | undefined, to: JsonValue | undefined): Patch {
  const operations: Operation[] = [];
  diffAt(from, to, [], operations);
  return operations;
}

function diffAt(from: JsonValue | undefined, to: JsonValue | undefined, path: readonly string[], out: Operation[]): void {
  if (from === to) return;
  if (from === undefined || to === undefined) {
    if (to !== undefined) out.push({ op: "add", path: pathToPointer(path), value: to });
    else out.push({ op: "remove", path: pathToPointer(path) });
    return;
  }
  if (!isJsonObject(from) || !isJsonObject(to)) {
    if (!jsonEquals(from, to)) out.push({ op: "replace", path: pathToPointer(path), value: to });
    return;
  }
  for (const name of Object.keys(from)) diffAt(getOwn(from, name), getOwn(to, name), [...path, name], out);
  for (const name of Object.keys(to)) {
    if (!Object.hasOwn(from, name)) diffAt(undefined, getOwn(to, name), [...path, name], out);
  }
}
