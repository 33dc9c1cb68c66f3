// What was typed, laid upon what the record says by now: another device's words may have arrived while one was typing.

export interface TypedText {
  /** The text that the typing began with. */
  readonly base: string;
  readonly typed: string;
  readonly current: string;
}

/** Both edits where they touch different places of the text; else what was typed here, the newer of the two. */
export function mergeTyped({ base, typed, current }: TypedText): string {
  if (current === base || current === typed) return typed;
  const here = editOf(base, typed);
  const there = editOf(base, current);
  if (here.start > there.end) return splice(current, here, current.length - base.length);
  if (here.end < there.start) return splice(current, here, 0);
  return typed;
}

interface TextEdit {
  /** Of the stretch of the base that was replaced. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function editOf(base: string, edited: string): TextEdit {
  const lengthMin = Math.min(base.length, edited.length);
  let start = 0;
  while (start < lengthMin && base[start] === edited[start]) start += 1;
  let same = 0;
  while (same < lengthMin - start && base.at(-1 - same) === edited.at(-1 - same)) same += 1;
  return { start, end: base.length - same, text: edited.slice(start, edited.length - same) };
}

function splice(text: string, { start, end, text: inserted }: TextEdit, shift: number): string {
  return text.slice(0, start + shift) + inserted + text.slice(end + shift);
}
