// The difference of two values as a JSON Patch (RFC 6902), for people and resolvers to look at. The walk is our own:
// fast-json-patch gives no operation from [] to {}, refuses honest keys such as "constructor", and describes arrays by
// index, which corrupts them when two such patches are laid upon each other. Where it is right, the tests hold this code
// against it.
import type { Patch } from "./conflict.ts";
import { getOwn, isJsonObject, jsonEquals, pathToPointer, type JsonValue, type Pointer } from "./json-value.ts";

type Operation = Patch[number];

/** From one value to another, deeply frozen where they are. undefined: absent. Arrays are one value. */
export function diffValues(from: JsonValue | undefined, to: JsonValue | undefined): Patch {
  const operations: Operation[] = [];
  diffAt(from, to, [], operations);
  return Object.freeze(operations);
}

function diffAt(from: JsonValue | undefined, to: JsonValue | undefined, path: string[], operations: Operation[]): void {
  if (from === to) return;
  if (isJsonObject(from) && isJsonObject(to)) {
    // The steps to where the walk stands; a pointer is made of them only where there is something to say.
    for (const [name, value] of Object.entries(from)) {
      path.push(name);
      diffAt(value, getOwn(to, name), path, operations);
      path.pop();
    }
    for (const [name, value] of Object.entries(to)) {
      if (!Object.hasOwn(from, name)) operations.push(operationAt(pathToPointer([...path, name]), undefined, value));
    }
  } else if (!jsonEquals(from, to)) {
    operations.push(operationAt(pathToPointer(path), from, to));
  }
}

function operationAt(path: Pointer, from: JsonValue | undefined, to: JsonValue | undefined): Operation {
  if (to === undefined) return Object.freeze({ op: "remove", path });
  return Object.freeze({ op: from === undefined ? "add" : "replace", path, value: to });
}
