// A text field that writes as one types and is never overwritten under one's fingers.
import { useCallback, useLayoutEffect, useRef, type ChangeEvent, type KeyboardEvent, type SyntheticEvent } from "react";
import { useDraft, type DraftField, type SaveText } from "../drafts.ts";

interface DraftInputProps {
  label: string;
  value: string;
  onSave: SaveText;
  multiline?: boolean;
  className?: string;
  placeholder?: string;
  testId?: string;
  autoFocus?: boolean;
  onKeyDown?: (event: KeyboardEvent<HTMLElement>, text: string) => void;
}

type TextField = HTMLInputElement | HTMLTextAreaElement;

export function DraftInput(props: DraftInputProps) {
  const draft = useDraft(props.value, props.onSave);
  const caret = useKeptCaret(draft);
  const common = {
    ref: caret.attach,
    className: props.className,
    "aria-label": props.label,
    placeholder: props.placeholder,
    "data-testid": props.testId,
    autoFocus: props.autoFocus,
    value: draft.text,
    onChange: (event: ChangeEvent<TextField>) => draft.setText(event.target.value),
    onSelect: caret.remember,
    onBlur: draft.flush,
    onKeyDown: (event: KeyboardEvent<TextField>) => props.onKeyDown?.(event, draft.text),
  };
  return props.multiline === true ? <textarea {...common} /> : <input type="text" {...common} />;
}

/** When another device's text replaces the one being read, the caret stays at its words, not at the end. */
function useKeptCaret({ text, isTyped }: DraftField) {
  const field = useRef<TextField>(null);
  const caret = useRef(0);
  const shown = useRef(text);
  const attach = useCallback((element: TextField | null) => {
    field.current = element;
  }, []);
  const remember = useCallback((event: SyntheticEvent<TextField>) => {
    caret.current = event.currentTarget.selectionStart ?? 0;
  }, []);
  useLayoutEffect(() => {
    const old = shown.current;
    shown.current = text;
    const element = field.current;
    if (old === text || isTyped || element === null || document.activeElement !== element) return;
    caret.current = movedCaret(old, text, caret.current);
    element.setSelectionRange(caret.current, caret.current);
  }, [text, isTyped]);
  return { attach, remember };
}

function movedCaret(old: string, text: string, caret: number): number {
  if (old.slice(0, caret) === text.slice(0, caret)) return caret;
  return Math.max(0, Math.min(text.length, caret + text.length - old.length));
}
