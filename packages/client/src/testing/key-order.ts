import { isJsonArray, isJsonObject, type JsonValue } from "@holdfast/core";

/** The same value with the names of each object the other way round: an order of names means nothing (MERGE-1). */
export function reorderNames(value: JsonValue): JsonValue {
  if (isJsonArray(value)) return Object.freeze(value.map(reorderNames));
  if (!isJsonObject(value)) return value;
  const entries = Object.entries(value).map(([name, item]) => [name, reorderNames(item)] as const);
  return Object.freeze(Object.fromEntries(entries.reverse()));
}
