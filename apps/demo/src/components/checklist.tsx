import { useState, type KeyboardEvent } from "react";
import { itemsInOrder, orderAfter, type ChecklistItem, type Note, type PlacedItem } from "../note.ts";
import { run } from "../toasts.ts";
import { mergeTyped } from "../typed-text.ts";
import { DraftInput } from "./draft-input.tsx";
import { Icon } from "./icon.tsx";
import type { EditNote } from "./note-editor.tsx";

export function Checklist({ items, edit }: { items: Note["items"]; edit: EditNote }) {
  const [fresh, setFresh] = useState<string | null>(null);
  const placed = itemsInOrder(items);
  const done = placed.filter((item) => item.done).length;

  const add = (afterId?: string) => {
    const id = crypto.randomUUID();
    setFresh(id);
    run(edit((draft) => void (draft.items[id] = { text: "", done: false, order: orderAfter(draft.items, afterId) })));
  };
  const remove = (id: string) => run(edit((draft) => void delete draft.items[id]));
  const onKeyDown = (id: string) => (event: KeyboardEvent<HTMLElement>, text: string) => {
    if (event.key === "Enter" && !event.nativeEvent.isComposing) add(id);
    else if (event.key === "Backspace" && text === "") {
      focusItemBefore(event.currentTarget);
      remove(id);
    } else return;
    event.preventDefault();
  };

  return (
    <section className="checklist" aria-label="Checklist">
      {placed.length > 0 && (
        <h2>
          Checklist <span>{done === placed.length ? "all done" : `${done} of ${placed.length} done`}</span>
        </h2>
      )}
      <ul>
        {placed.map((item) => (
          <ItemRow
            key={item.id}
            item={item}
            edit={edit}
            autoFocus={item.id === fresh}
            onKeyDown={onKeyDown(item.id)}
            onRemove={() => remove(item.id)}
          />
        ))}
      </ul>
      <button type="button" className="quiet-button" data-testid="add-item" onClick={() => add()}>
        <Icon name="plus" /> {placed.length === 0 ? "Add a checklist" : "Add an item"}
      </button>
    </section>
  );
}

interface ItemRowProps {
  item: PlacedItem;
  edit: EditNote;
  autoFocus: boolean;
  onKeyDown: (event: KeyboardEvent<HTMLElement>, text: string) => void;
  onRemove: () => void;
}

function ItemRow({ item, edit, autoFocus, onKeyDown, onRemove }: ItemRowProps) {
  // Another device may have removed the item: what is typed into it brings it back.
  const change = (recipe: (item: ChecklistItem) => void) =>
    edit((draft) => {
      const { text, done, order } = item;
      recipe((draft.items[item.id] ??= { text, done, order }));
    });
  return (
    <li className="checklist-item" data-done={item.done} data-testid="item">
      <input
        type="checkbox"
        aria-label={`Done: ${item.text || "empty item"}`}
        checked={item.done}
        onChange={(event) => run(change((draft) => void (draft.done = event.target.checked)))}
      />
      <DraftInput
        label="Checklist item"
        placeholder="Item"
        autoFocus={autoFocus}
        value={item.text}
        onSave={(typed, base) =>
          change((draft) => void (draft.text = mergeTyped({ base, typed, current: draft.text })))
        }
        onKeyDown={onKeyDown}
      />
      <button
        type="button"
        className="icon-button"
        aria-label={`Remove ${item.text || "this item"}`}
        onClick={onRemove}
      >
        <Icon name="close" />
      </button>
    </li>
  );
}

function focusItemBefore(field: HTMLElement): void {
  const before = field.closest("li")?.previousElementSibling?.querySelector<HTMLInputElement>('input[type="text"]');
  if (before instanceof HTMLInputElement) before.focus();
  // Leaving the field gives its text to the client before the item goes, so that it does not bring the item back.
  else field.blur();
}
