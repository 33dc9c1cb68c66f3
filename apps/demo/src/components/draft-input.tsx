// A text field that writes as one types and is never overwritten under one's fingers.
import { useLayoutEffect, useRef, type KeyboardEvent, type Ref } from "react";
import { useDraft } from "../drafts.ts";

interface DraftInputProps {
  label: string;
  value: string;
  onSave: (text: string) => Promise<unknown>;
  multiline?: boolean;
  className?: string;
  placeholder?: string;
  testId?: string;
  autoFocus?: boolean;
  onKeyDown?: (event: KeyboardEvent<HTMLElement>, text: string) => void;
}

export function DraftInput(props: DraftInputProps) {
  const { text, setText, flush } = useDraft(props.value, props.onSave);
  const field = useKeptCaret(text);
  const common = {
    className: props.className,
    "aria-label": props.label,
    placeholder: props.placeholder,
    "data-testid": props.testId,
    autoFocus: props.autoFocus,
    value: text,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
    onBlur: flush,
    onKeyDown: (event: KeyboardEvent<HTMLElement>) => props.onKeyDown?.(event, text),
  };
  return props.multiline === true ? (
    <textarea ref={field as Ref<HTMLTextAreaElement>} {...common} />
  ) : (
    <input ref={field as Ref<HTMLInputElement>} type="text" {...common} />
  );
}

type TextField = HTMLInputElement | HTMLTextAreaElement;

/** When another device's text replaces the one being read, the caret stays at the same words instead of jumping to the end. */
function useKeptCaret(text: string) {
  const field = useRef<TextField>(null);
  const before = useRef({ text, caret: 0 });
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null || document.activeElement !== element) return;
    const { text: old, caret } = before.current;
    const isOwnTyping = old === text || Math.abs(old.length - text.length) <= 1;
    if (isOwnTyping) return;
    const moved = movedCaret(old, text, caret);
    if (element.selectionStart === text.length) element.setSelectionRange(moved, moved);
  }, [text]);
  useLayoutEffect(() => {
    const element = field.current;
    before.current = { text, caret: element?.selectionStart ?? 0 };
  });
  return field;
}

function movedCaret(old: string, text: string, caret: number): number {
  const shared = Math.min(old.length, text.length, caret);
  let same = 0;
  while (same < shared && old[same] === text[same]) same++;
  return same === caret ? caret : Math.max(same, Math.min(text.length, caret + text.length - old.length));
}
