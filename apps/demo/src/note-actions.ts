// What a person does with whole notes.
import { flushDrafts } from "./drafts.ts";
import { emptyNote, isBlank, noteTitle, type Note } from "./note.ts";
import { currentRoute, goTo } from "./route.ts";
import { sampleNotes } from "./sample-notes.ts";
import { notes, ownNotes } from "./sync.ts";
import { run, showToast } from "./toasts.ts";

const newNotes = new Map<string, Note>();

/** A note that was asked for and is not stored yet. */
export const newNote = (key: string): Note | undefined => newNotes.get(key);

/** Opens at once: the next keystroke must not go into the note that was open before. */
export function createNote(): void {
  const key = crypto.randomUUID();
  const note = emptyNote(Date.now());
  newNotes.set(key, note);
  const stored = notes.put(key, note).finally(() => newNotes.delete(key));
  goTo("notes", key);
  run(stored);
}

export function addSampleNotes(): void {
  const samples = sampleNotes(Date.now());
  run(notes.bulkPut(samples).then(() => goTo("notes")));
}

export function deleteNote(key: string): void {
  const own = ownNotes();
  const remove = async () => {
    // Before the note goes: words that are written after it would bring it back.
    flushDrafts();
    const removed = await notes.remove(key);
    if (currentRoute().key === key) goTo("notes");
    if (removed === undefined) return;
    showToast(`Deleted “${noteTitle(removed)}”`, {
      action: { label: "Undo", run: () => run(own.put(key, removed).then(() => goTo("notes", key))) },
    });
  };
  run(remove());
}

/** A note that was left without a word in it goes away again. What was typed last is written before this reads. */
export function dropIfBlank(key: string): void {
  const drop = async () => {
    const note = await notes.get(key);
    if (note !== undefined && isBlank(note)) await notes.remove(key);
  };
  run(drop());
}
