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
  readonly setText: (text: string) => void;
  readonly flush: () => void;
}

interface Typing {
  /** What was typed and is not saved yet; null: the field shows the record. */
  text: string | null;
  timer: number | undefined;
}

/** While unsaved text is in the field, values that arrive from elsewhere do not touch it. */
export function useDraft(saved: string, save: (text: string) => Promise<unknown>): DraftField {
  const [draft, setDraft] = useState<string | null>(null);
  const typing = useRef<Typing>({ text: null, timer: undefined });
  const saveLatest = useRef(save);
  useEffect(() => {
    saveLatest.current = save;
  });

  const flush = useCallback(() => {
    const state = typing.current;
    const { text } = state;
    window.clearTimeout(state.timer);
    if (text === null) return;
    const saving = saveLatest.current(text).then(() => {
      if (state.text !== text) return;
      state.text = null;
      flushers.delete(flush);
      unsaved.set(flushers.size);
      // One task later: by then the record shows this text, so the field never flashes the older one.
      window.setTimeout(() => state.text === null && setDraft(null));
    });
    run(saving);
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
  return { text: draft ?? saved, setText, flush };
}
