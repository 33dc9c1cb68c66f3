// Text that is being typed and that the client has not been given yet.
import { useCallback, useEffect, useRef, useState } from "react";
import { liveValue } from "./live.ts";
import { run } from "./toasts.ts";

const saveDelayMs = 250;

const unsaved = liveValue(0);
const flushers = new Set<() => void>();

/** How many fields hold unsaved text. */
export const unsavedFields = unsaved;

/** Gives everything typed to the client now: the page is about to be hidden or left. */
export function flushDrafts(): void {
  for (const flush of [...flushers]) flush();
}

export interface DraftField {
  readonly text: string;
  /** The field shows what was typed here, not yet what the record says. */
  readonly isTyped: boolean;
  readonly setText: (text: string) => void;
  readonly flush: () => void;
}

interface Typing {
  /** What was typed and is not saved yet; null: the field shows the record. */
  text: string | null;
  /** The text that is being written just now. */
  sent: string | null;
  timer: number | undefined;
}

/** While unsaved text is in the field, values that arrive from elsewhere do not touch it. */
export function useDraft(value: string, save: (text: string) => Promise<unknown>): DraftField {
  const [draft, setDraft] = useState<string | null>(null);
  const typing = useRef<Typing>({ text: null, sent: null, timer: undefined });
  const saveLatest = useRef(save);
  useEffect(() => {
    saveLatest.current = save;
  });

  const flush = useCallback(() => {
    const state = typing.current;
    const { text } = state;
    window.clearTimeout(state.timer);
    if (text === null || text === state.sent) return;
    state.sent = text;
    const saving = saveLatest.current(text).finally(() => {
      if (state.sent === text) state.sent = null;
    });
    const saved = saving.then(() => {
      if (state.text !== text) return;
      state.text = null;
      flushers.delete(flush);
      unsaved.set(flushers.size);
      // One task later: by then the record shows this text, so the field never flashes the older one.
      window.setTimeout(() => state.text === null && setDraft(null));
    });
    run(saved);
  }, []);

  const setText = useCallback(
    (text: string) => {
      const state = typing.current;
      state.text = text;
      setDraft(text);
      flushers.add(flush);
      unsaved.set(flushers.size);
      window.clearTimeout(state.timer);
      state.timer = window.setTimeout(flush, saveDelayMs);
    },
    [flush],
  );

  useEffect(() => flush, [flush]);
  return { text: draft ?? value, isTyped: draft !== null, setText, flush };
}
