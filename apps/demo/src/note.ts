// What a note is, and the edits that one makes to it.

export const noteColours = ["sand", "kelp", "tide", "coral", "dusk"] as const;

export interface ChecklistItem {
  text: string;
  done: boolean;
  /** Where it stands among the others: lower first. */
  order: number;
}

/** Checklist items are a map by id, not an array: so the edits of two devices to two items merge. */
export interface Note {
  title: string;
  body: string;
  items: Record<string, ChecklistItem>;
  tags: string[];
  colour?: string;
  pinned?: boolean;
  /** Milliseconds since 1970. */
  createdAt: number;
}

export interface PlacedItem extends ChecklistItem {
  readonly id: string;
}

export function emptyNote(createdAt: number): Note {
  return { title: "", body: "", items: {}, tags: [], createdAt };
}

export function isBlank(note: Note): boolean {
  return note.title === "" && note.body === "" && note.tags.length === 0 && Object.keys(note.items).length === 0;
}

export function itemsInOrder(items: Readonly<Record<string, ChecklistItem>>): readonly PlacedItem[] {
  return Object.entries(items)
    .map(([id, item]) => ({ id, ...item }))
    .sort((a, b) => a.order - b.order || (a.id < b.id ? -1 : 1));
}

/** The order number of a new item right behind `afterId`, or at the end. */
export function orderAfter(items: Readonly<Record<string, ChecklistItem>>, afterId?: string): number {
  const placed = itemsInOrder(items);
  const at = afterId === undefined ? placed.length - 1 : placed.findIndex((item) => item.id === afterId);
  const before = placed[at]?.order ?? 0;
  const behind = placed[at + 1]?.order;
  return behind === undefined ? before + 1 : (before + behind) / 2;
}

export function noteTitle(note: { readonly title: string; readonly body: string }): string {
  return note.title.trim() || firstLine(note.body) || "Untitled note";
}

/** The line under the title in the list. */
export function notePreview(note: Note): string {
  const line = firstLine(note.body);
  if (line !== "" && note.title.trim() !== "") return line;
  const items = itemsInOrder(note.items);
  if (items.length === 0) return "No more text";
  return items.map((item) => item.text || "…").join(" · ");
}

export function checklistProgress(note: Note): { readonly done: number; readonly total: number } {
  const items = Object.values(note.items);
  return { done: items.filter((item) => item.done).length, total: items.length };
}

/** Whether every word of the query stands somewhere in the note. */
export function noteMatches(note: Note, query: string): boolean {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return true;
  const items = Object.values(note.items).map((item) => item.text);
  const text = [note.title, note.body, ...note.tags.map((tag) => `#${tag}`), ...items].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

export function toTag(text: string): string {
  return text.trim().replace(/^#+/, "").replace(/\s+/g, "-").toLowerCase();
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0]?.trim() ?? "";
}
