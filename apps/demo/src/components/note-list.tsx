import type { RecordSnapshot } from "@holdfast/client";
import { useDeferredValue, useState } from "react";
import { useRows } from "../live.ts";
import { createNote } from "../note-actions.ts";
import { checklistProgress, noteMatches, notePreview, noteTitle, type Note } from "../note.ts";
import { notes } from "../sync.ts";
import { shortAge, useNow } from "../time-words.ts";
import { useCurrentUser } from "../user.ts";
import { GuestNotice } from "./guest-notice.tsx";
import { Icon } from "./icon.tsx";
import { onListKeyDown, SearchField } from "./search-field.tsx";
import { SyncMark } from "./sync-mark.tsx";
import { VirtualList } from "./virtual-list.tsx";

export function NoteList({ selected }: { selected: string | null }) {
  const [search, setSearch] = useState("");
  const query = useDeferredValue(search);
  const { rows, total, state } = useRows(notes, { where: (note) => noteMatches(note, query), sort: pinnedThenNewest }, [
    query,
  ]);
  const isFetching = useCurrentUser() !== null && state === "partial";
  const now = useNow();
  return (
    <section className="list-pane" aria-label="Notes">
      <div className="list-head">
        <SearchField label="Search notes" value={search} onChange={setSearch} />
        <button type="button" className="button primary new-note" data-testid="new-note" onClick={createNote}>
          <Icon name="plus" />
          <span>New note</span>
        </button>
      </div>
      <p className="list-count" data-testid="note-count">
        {state === "loading" ? "Opening your notes…" : countWords(total, query, isFetching)}
      </p>
      <VirtualList
        rows={rows}
        keyOf={(row) => row.key}
        rowHeightPx={88}
        resetKey={query}
        onKeyDown={onListKeyDown}
        renderRow={(row) => <NoteRow row={row} isSelected={row.key === selected} now={now} />}
      />
      <GuestNotice />
    </section>
  );
}

interface NoteRowProps {
  row: RecordSnapshot<Note>;
  isSelected: boolean;
  now: number;
}

function NoteRow({ row, isSelected, now }: NoteRowProps) {
  const note = row.value;
  const progress = checklistProgress(note);
  return (
    <a
      className="row note-row"
      href={`#/notes/${encodeURIComponent(row.key)}`}
      data-testid="note-row"
      data-key={row.key}
      data-colour={note.colour}
      aria-current={isSelected ? "true" : undefined}
    >
      <span className="row-title">
        {note.pinned === true && <Icon name="pin" label="Pinned" filled />}
        <span className="row-name">{noteTitle(note)}</span>
        <SyncMark state={row.syncState} />
      </span>
      <span className="row-preview">{notePreview(note)}</span>
      <span className="row-meta">
        <span>{shortAge(row.modifiedAt ?? note.createdAt, now)}</span>
        {progress.total > 0 && (
          <span>
            <Icon name="check" label="Done" /> {progress.done}/{progress.total}
          </span>
        )}
        {note.tags.map((tag) => (
          <span key={tag} className="tag">
            {tag}
          </span>
        ))}
      </span>
    </a>
  );
}

function countWords(total: number, query: string, isFetching: boolean): string {
  const amount = `${total.toLocaleString("en")} ${total === 1 ? "note" : "notes"}`;
  if (query !== "") return total === 0 ? `No note has “${query}” in it.` : `${amount} with “${query}”`;
  if (isFetching) return total === 0 ? "Fetching your notes…" : `${amount} so far`;
  return total === 0 ? "No notes yet" : amount;
}

function pinnedThenNewest(a: RecordSnapshot<Note>, b: RecordSnapshot<Note>): number {
  const byPin = Number(b.value.pinned ?? false) - Number(a.value.pinned ?? false);
  return byPin || newest(b) - newest(a) || b.value.createdAt - a.value.createdAt;
}

function newest(row: RecordSnapshot<Note>): number {
  return row.modifiedAt ?? row.value.createdAt;
}
