import { useLive } from "../live.ts";
import { addSampleNotes, createNote } from "../note-actions.ts";
import { noteCount } from "../sync.ts";
import { NoteEditor } from "./note-editor.tsx";
import { NoteList } from "./note-list.tsx";

export function NotesScreen({ noteKey }: { noteKey: string | null }) {
  const isEmpty = useLive(noteCount, ({ state, total }) => state !== "loading" && total === 0);
  return (
    <main className="split" data-open={noteKey === null ? "list" : "detail"} data-empty={isEmpty}>
      <NoteList selected={noteKey} />
      {noteKey === null ? <NoNoteChosen isEmpty={isEmpty} /> : <NoteEditor key={noteKey} noteKey={noteKey} />}
    </main>
  );
}

function NoNoteChosen({ isEmpty }: { isEmpty: boolean }) {
  return (
    <section className="detail detail-empty" aria-label="No note chosen">
      <svg className="kelp" viewBox="0 0 120 120" aria-hidden>
        <path d="M60 112c-3-22 7-34 2-54S64 24 60 8" />
        <path d="M44 112c-1-18-10-26-6-42s-4-22-2-36" />
        <path d="M77 112c1-16 10-22 6-38s5-20 3-32" />
        <path d="M30 112h62" />
      </svg>
      {isEmpty ? (
        <>
          <h1>Write the first one</h1>
          <p>It is saved on this device as you type, online or not, and reaches your other devices by itself.</p>
          <div className="button-row">
            <button type="button" className="button primary" onClick={createNote}>
              New note
            </button>
            <button type="button" className="button" onClick={addSampleNotes}>
              Add three examples
            </button>
          </div>
        </>
      ) : (
        <>
          <h1>Choose a note</h1>
          <p>
            Or press <kbd>n</kbd> for a new one, <kbd>/</kbd> to search.
          </p>
        </>
      )}
    </section>
  );
}
