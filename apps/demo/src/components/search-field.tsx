import type { KeyboardEvent } from "react";
import { Icon } from "./icon.tsx";

interface SearchFieldProps {
  label: string;
  value: string;
  onChange: (text: string) => void;
}

/** Escape empties it; the arrow down goes into the list that follows. */
export function SearchField({ label, value, onChange }: SearchFieldProps) {
  const onKeyDown = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.key === "Escape" && value !== "") onChange("");
    else if (event.key === "ArrowDown") moveInList(event.currentTarget.closest(".list-pane"), 1);
    else return;
    event.preventDefault();
  };
  return (
    <label className="search-field">
      <Icon name="search" />
      <input
        type="search"
        data-testid="search"
        aria-label={label}
        placeholder={label}
        autoComplete="off"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={onKeyDown}
      />
    </label>
  );
}

/** Arrow keys go from row to row in a list pane. */
export function onListKeyDown(event: KeyboardEvent<HTMLElement>): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0) return;
  event.preventDefault();
  moveInList(event.currentTarget, step);
}

function moveInList(pane: Element | null, step: 1 | -1): void {
  const rows = [...(pane?.querySelectorAll<HTMLElement>("a.row") ?? [])];
  const at = rows.findIndex((row) => row === document.activeElement);
  rows[at === -1 ? 0 : at + step]?.focus();
}
