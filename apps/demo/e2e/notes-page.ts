// What a person does in the demo, and what a test waits for.
import type { ConflictRecord } from "@holdfast/client";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import type {} from "../src/start-app.ts";
import type { Note } from "../src/note.ts";

export type NoteTexts = Partial<Pick<Note, "title" | "body">>;

/** Writes a note by hand; its key. Resolves when the note is stored on this device. */
export async function writeNote(page: Page, texts: NoteTexts): Promise<string> {
  const before = new URL(page.url()).hash;
  await page.getByTestId("new-note").click();
  await page.waitForURL(({ hash }) => hash !== before && hash.startsWith("#/notes/"));
  const key = decodeURIComponent(new URL(page.url()).hash.slice("#/notes/".length));
  await typeInto(page, key, texts);
  return key;
}

/** Opens a note in the list and types over its texts. Resolves when that is stored on this device. */
export async function editNote(page: Page, key: string, texts: NoteTexts): Promise<void> {
  await noteRow(page, key).click();
  await typeInto(page, key, texts);
}

async function typeInto(page: Page, key: string, texts: NoteTexts): Promise<void> {
  for (const [field, text] of Object.entries(texts)) {
    await page.getByTestId(field).fill(text);
    await page.getByTestId(field).blur();
  }
  await whenNote(page, key, texts);
}

export const noteRow = (page: Page, key: string) => page.locator(`[data-testid="note-row"][data-key="${key}"]`);

/** Until the note has these texts on this device: what the client shows is stored. */
export async function whenNote(page: Page, key: string, { title, body }: NoteTexts): Promise<void> {
  await page.waitForFunction(
    ([key, title, body]) => {
      const note = window.holdfast.notes.getSnapshot().records.get(key);
      if (note === undefined) return false;
      return (title === undefined || note.title === title) && (body === undefined || note.body === body);
    },
    [key, title, body] as const,
  );
}

/** Until the client says that every change is in the cloud, and the app shows it. */
export async function whenSaved(page: Page): Promise<void> {
  await page.waitForFunction(() => {
    const { state, pending, unwritten } = window.holdfast.client.status.getSnapshot();
    return state === "saved" && pending === 0 && unwritten === 0;
  });
  await page.locator('[data-testid="status"][data-state="saved"][data-pending="0"]').waitFor();
}

export async function setOffline(page: Page, offline: boolean): Promise<void> {
  await page.getByTestId("offline-switch").setChecked(offline);
}

/** Presses "Sync now" and waits until that has ended. Fails where the app does not say that all is equal. */
export async function syncNow(page: Page): Promise<void> {
  await page.getByTestId("sync-now").click();
  await page.locator('[data-testid="sync-now"]:enabled').waitFor();
  expect(await page.getByTestId("toast").last().textContent()).toMatch(/^Everything is equal/);
}

export async function allNotes(page: Page): Promise<ReadonlyMap<string, Note>> {
  return new Map(await page.evaluate(async () => [...(await window.holdfast.notes.getAll())]));
}

export async function conflictsOf(page: Page): Promise<readonly ConflictRecord[]> {
  return page.evaluate(() => window.holdfast.client.conflicts());
}
