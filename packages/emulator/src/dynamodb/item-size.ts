// How DynamoDB counts an item's bytes: names and values in UTF-8, numbers by their digits, 3 bytes for a list or map
// and 1 for each element in it.
import { isObject, type JsonObject } from "../json.ts";
import { indexSortKey } from "./table.ts";

/** An item and its entry in the local index (projection ALL) share one limit. */
export const itemBytesMax = 400 * 1024;

/** With the entry in the index, which an item without the index's sort key does not have. */
export function storedSize(item: JsonObject): number {
  return itemSize(item) * (Object.hasOwn(item, indexSortKey) ? 2 : 1);
}

/** What is no attribute value counts nothing: the engine refuses it. */
export function itemSize(item: JsonObject): number {
  let size = 0;
  for (const name in item) size += Buffer.byteLength(name) + valueSize(item[name]);
  return size;
}

function valueSize(value: unknown): number {
  if (!isObject(value)) return 0;
  const [[type, content] = ["", undefined]] = Object.entries(value);
  switch (type) {
    case "S":
      return textSize(content);
    case "N":
      return numberSize(content);
    case "B":
      return binarySize(content);
    case "BOOL":
    case "NULL":
      return 1;
    case "SS":
      return sum(content, textSize);
    case "NS":
      return sum(content, numberSize);
    case "BS":
      return sum(content, binarySize);
    case "L":
      return 3 + sum(content, (element) => 1 + valueSize(element));
    case "M":
      return isObject(content) ? 3 + Object.keys(content).length + itemSize(content) : 0;
    default:
      return 0;
  }
}

const sum = (list: unknown, size: (element: unknown) => number): number =>
  Array.isArray(list) ? list.reduce<number>((total, element) => total + size(element), 0) : 0;

const textSize = (text: unknown): number => (typeof text === "string" ? Buffer.byteLength(text) : 0);

const binarySize = (text: unknown): number => (typeof text === "string" ? Buffer.byteLength(text, "base64") : 0);

/** One byte for two significant digits, one more, and one for a minus sign. */
function numberSize(text: unknown): number {
  if (typeof text !== "string") return 0;
  const digits = text
    .replace(/^-/, "")
    .replace(/e.*$/i, "")
    .replace(".", "")
    .replaceAll(/^0+|0+$/g, "");
  return Math.ceil(digits.length / 2) + 1 + (text.startsWith("-") ? 1 : 0);
}
