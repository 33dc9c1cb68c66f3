// What a conflict looks like to a person: which fields differ, what each device said, which one was kept.
import type { ConflictRecord, JsonPointer, JsonValue } from "@holdfast/client";

export type Side = "local" | "remote";

interface ConflictField {
  readonly name: string;
  readonly local: string;
  readonly remote: string;
}

export interface ConflictView {
  readonly id: string;
  readonly title: string;
  readonly isOpen: boolean;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly fields: readonly ConflictField[];
  /** null: open, or the result is neither of the two. */
  readonly kept: Side | null;
}

export function conflictView(conflict: ConflictRecord): ConflictView {
  const paths = conflict.clashes.filter(isFieldPath);
  const isWhole = paths.length === 0 || conflict.local === undefined || conflict.remote === undefined;
  return {
    id: conflict.id,
    title: titleOf(conflict),
    isOpen: conflict.state === "open",
    reason: conflict.reason,
    at: conflict.at,
    fields: isWhole
      ? [{ name: "Whole record", local: wholeText(conflict.local), remote: wholeText(conflict.remote) }]
      : paths.map((path) => ({
          name: fieldName(path),
          local: valueText(valueAt(conflict.local, path)),
          remote: valueText(valueAt(conflict.remote, path)),
        })),
    kept: keptSide(conflict, paths),
  };
}

/** The empty path is the record as a whole. */
function isFieldPath(path: string): path is JsonPointer {
  return path.length > 1;
}

function keptSide(conflict: ConflictRecord, paths: readonly JsonPointer[]): Side | null {
  if (conflict.state === "open") return null;
  const isKept = (side: JsonValue | undefined) =>
    paths.length === 0
      ? sameJson(side, conflict.result)
      : paths.every((path) => sameJson(valueAt(side, path), valueAt(conflict.result, path)));
  if (isKept(conflict.local)) return "local";
  return isKept(conflict.remote) ? "remote" : null;
}

function titleOf(conflict: ConflictRecord): string {
  const titles = [conflict.result, conflict.local, conflict.remote].map((value) => valueAt(value, "/title"));
  const title = titles.find((text) => typeof text === "string" && text !== "");
  return typeof title === "string" ? title : conflict.dataset === "notes" ? "Untitled note" : conflict.key;
}

function valueAt(value: JsonValue | undefined, path: JsonPointer): JsonValue | undefined {
  const names = path
    .slice(1)
    .split("/")
    .map((name) => name.replaceAll("~1", "/").replaceAll("~0", "~"));
  let found: JsonValue | undefined = value;
  for (const name of names) {
    if (typeof found !== "object" || found === null) return undefined;
    found = new Map<string, JsonValue | undefined>(Object.entries(found)).get(name);
  }
  return found;
}

const fieldNames: Readonly<Record<string, string>> = {
  title: "Title",
  body: "Text",
  items: "Checklist item",
  tags: "Tags",
  colour: "Colour",
  pinned: "Pin",
  starred: "Star",
};

function fieldName(path: JsonPointer): string {
  const [first = "", ...rest] = path.slice(1).split("/");
  if (first === "items") return rest.at(-1) === "done" ? "Checklist tick" : "Checklist item";
  return fieldNames[first] ?? path.slice(1).replaceAll("/", " › ");
}

function valueText(value: JsonValue | undefined): string {
  if (value === undefined || value === "") return "(nothing)";
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (Array.isArray(value)) return value.map(valueText).join(", ") || "(nothing)";
  const text = valueAt(value, "/text");
  return typeof text === "string" ? text : JSON.stringify(value);
}

function wholeText(value: JsonValue | undefined): string {
  if (value === undefined) return "(deleted)";
  const texts = (["/title", "/body"] as const).map((path) => valueAt(value, path)).filter((text) => text !== undefined);
  return texts.map(valueText).join("\n") || valueText(value);
}

function sameJson(a: JsonValue | undefined, b: JsonValue | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const left = Object.entries(a);
  const right = new Map<string, JsonValue | undefined>(Object.entries(b));
  return (
    left.length === right.size && left.every(([name, value]) => right.has(name) && sameJson(value, right.get(name)))
  );
}
