import { useMemo, useState } from "react";
import { useLive } from "../live.ts";
import { deleteNote, newNote } from "../note-actions.ts";
import { isBlank, noteColours, noteTitle, type Note } from "../note.ts";
import { notes, ownNotes } from "../sync.ts";
import { longAge, useNow } from "../time-words.ts";
import { run } from "../toasts.ts";
import { mergeTyped } from "../typed-text.ts";
import { Checklist } from "./checklist.tsx";
import { DraftInput } from "./draft-input.tsx";
import { Icon } from "./icon.tsx";
import { SyncMark } from "./sync-mark.tsx";
import { TagField } from "./tag-field.tsx";

/** One edit of the note that is open. */
export type EditNote = (recipe: (draft: Note) => void) => Promise<unknown>;

export function NoteEditor({ noteKey }: { noteKey: string }) {
  const record = useLive(useMemo(() => notes.record(noteKey), [noteKey]));
  // What was typed for one person is not written into the next one's notes, however late it comes.
  const [own] = useState(ownNotes);
  const note = record.value ?? newNote(noteKey);
  const now = useNow();
  if (note === undefined) return <MissingNote isLoading={record.syncState === "loading"} />;
  // `initial`: words typed into a note that another device has just removed bring it back instead of being lost.
  const edit: EditNote = (recipe) => own.update(noteKey, recipe, { initial: note });
  return (
    <article className="detail editor" data-colour={note.colour} aria-label={noteTitle(note)}>
      <EditorTools noteKey={noteKey} note={note} edit={edit} />
      <div className="editor-page">
        <DraftInput
          className="editor-title"
          label="Title"
          placeholder="Title"
          testId="title"
          autoFocus={isBlank(note)}
          value={note.title}
          onSave={(typed, base) =>
            edit((draft) => void (draft.title = mergeTyped({ base, typed, current: draft.title })))
          }
        />
        <p className="editor-meta">
          <SyncMark state={record.syncState} verbose />
          <span>Edited {longAge(record.modifiedAt ?? note.createdAt, now)}</span>
        </p>
        <DraftInput
          multiline
          className="editor-body"
          label="Text"
          placeholder="Write…"
          testId="body"
          value={note.body}
          onSave={(typed, base) =>
            edit((draft) => void (draft.body = mergeTyped({ base, typed, current: draft.body })))
          }
        />
        <Checklist items={note.items} edit={edit} />
        <TagField tags={note.tags} edit={edit} />
      </div>
    </article>
  );
}

function EditorTools({ noteKey, note, edit }: { noteKey: string; note: Note; edit: EditNote }) {
  const isPinned = note.pinned === true;
  return (
    <div className="editor-tools" role="toolbar" aria-label="This note">
      <a className="icon-button back" href="#/notes" aria-label="Back to the list">
        <Icon name="back" />
      </a>
      <fieldset className="colours">
        <legend className="only-spoken">Colour</legend>
        {["none", ...noteColours].map((colour) => (
          <label key={colour} className="colour" data-colour={colour} title={colour}>
            <input
              type="radio"
              name="colour"
              aria-label={colour}
              checked={(note.colour ?? "none") === colour}
              onChange={() => run(edit((draft) => setColour(draft, colour)))}
            />
          </label>
        ))}
      </fieldset>
      <span className="spacer" />
      <button
        type="button"
        className="icon-button"
        aria-pressed={isPinned}
        aria-label="Pin"
        title={isPinned ? "Unpin" : "Pin to the top"}
        data-testid="pin"
        onClick={() => run(edit((draft) => void (draft.pinned = !isPinned)))}
      >
        <Icon name="pin" filled={isPinned} />
      </button>
      <button
        type="button"
        className="icon-button"
        aria-label="Delete this note"
        title="Delete"
        data-testid="delete"
        onClick={() => deleteNote(noteKey)}
      >
        <Icon name="trash" />
      </button>
    </div>
  );
}

function setColour(draft: Note, colour: string): void {
  if (colour === "none") delete draft.colour;
  else draft.colour = colour;
}

function MissingNote({ isLoading }: { isLoading: boolean }) {
  return (
    <section className="detail detail-empty" aria-label="No such note">
      <h1>{isLoading ? "Opening…" : "This note is not here"}</h1>
      {!isLoading && (
        <>
          <p>It was deleted, here or on another device, or it belongs to another account.</p>
          <a className="button" href="#/notes">
            Back to the list
          </a>
        </>
      )}
    </section>
  );
}
