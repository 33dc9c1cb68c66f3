// Text that is being typed and that the client has not been given yet.
import { useCallback, useEffect, useRef, useState } from "react";
import { liveValue } from "./live.ts";
import { run } from "./toasts.ts";

/** Milliseconds without a keystroke after which the text is written. */
const pauseMs = 250;

/** Milliseconds after which it is written while one goes on typing. */
const typingMsMax = 1_000;

const unsaved = liveValue(0);
const flushers = new Set<() => void>();

/** How many fields hold unsaved text. */
export const unsavedFields = unsaved;

/** Gives everything typed to the client now: the page is about to be hidden or left. */
export function flushDrafts(): void {
  for (const flush of [...flushers]) flush();
}

/** Writes `typed`, which began as an edit of `base`. */
export type SaveText = (typed: string, base: string) => Promise<unknown>;

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
  /** What the record said, or was last given, when the typing went on from there. */
  base: string;
  /** The text that is being written just now. */
  sent: string | null;
  /** When the oldest keystroke came that is not written. */
  since: number | null;
  timer: number | undefined;
}

/** While unsaved text is in the field, values that arrive from elsewhere do not touch it. */
export function useDraft(value: string, save: SaveText): DraftField {
  const [draft, setDraft] = useState<string | null>(null);
  const typing = useRef<Typing>({ text: null, base: value, sent: null, since: null, timer: undefined });
  const latest = useRef({ value, save });
  useEffect(() => {
    latest.current = { value, save };
  });

  const flush = useCallback(() => {
    const state = typing.current;
    const { text, base } = state;
    window.clearTimeout(state.timer);
    state.since = null;
    if (text === null || text === state.sent) return;
    state.sent = text;
    state.base = text;
    const written = latest.current.save(text, base).finally(() => {
      if (state.sent === text) state.sent = null;
    });
    const saved = written.then(() => {
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
      if (state.text === null) state.base = latest.current.value;
      state.text = text;
      state.since ??= Date.now();
      setDraft(text);
      flushers.add(flush);
      unsaved.set(flushers.size);
      window.clearTimeout(state.timer);
      state.timer = window.setTimeout(flush, Math.min(pauseMs, state.since + typingMsMax - Date.now()));
    },
    [flush],
  );

  useEffect(() => flush, [flush]);
  return { text: draft ?? value, isTyped: draft !== null, setText, flush };
}
