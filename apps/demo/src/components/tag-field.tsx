import { useState, type KeyboardEvent } from "react";
import { toTag } from "../note.ts";
import { run } from "../toasts.ts";
import { Icon } from "./icon.tsx";
import type { EditNote } from "./note-editor.tsx";

export function TagField({ tags, edit }: { tags: readonly string[]; edit: EditNote }) {
  const [text, setText] = useState("");
  const add = () => {
    const tag = toTag(text);
    setText("");
    if (tag === "" || tags.includes(tag)) return;
    run(edit((draft) => void draft.tags.push(tag)));
  };
  const remove = (tag: string) => run(edit((draft) => void (draft.tags = draft.tags.filter((other) => other !== tag))));
  const onKeyDown = (event: KeyboardEvent) => {
    const last = tags.at(-1);
    if (event.key === "Enter" || event.key === ",") {
      event.preventDefault();
      add();
    } else if (event.key === "Backspace" && text === "" && last !== undefined) remove(last);
  };
  return (
    <section className="tag-field" aria-label="Tags">
      {tags.map((tag) => (
        <span key={tag} className="tag">
          #{tag}
          <button type="button" aria-label={`Remove the tag ${tag}`} onClick={() => remove(tag)}>
            <Icon name="close" />
          </button>
        </span>
      ))}
      <input
        type="text"
        aria-label="Add a tag"
        placeholder="Add a tag"
        data-testid="tag-input"
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={onKeyDown}
        onBlur={add}
      />
    </section>
  );
}
