// The difference of two texts as hunks: by words, or by lines where the texts have little in common (E. W. Myers, "An
// O(ND) difference algorithm", 1986).

/** `text` in the place of the characters from `start` to before `end`. */
export interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Edits up to which a difference is searched for: time and memory grow with its square, 4 MB here. Beyond it the texts are
 * compared by coarser tokens, and at last all between their equal ends is one hunk.
 */
const editsMax = 1_000;

/** A line's end; a word with the blanks before it; one sign of a script without spaces; the blanks at a line's end. */
const words =
  /\n|[^\S\n]*(?:[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]|[^\s\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]+)|[^\S\n]+/gu;
const lines = /[^\n]*\n|[^\n]+/g;

/** From one text to another, in order; no two hunks touch. */
export function diffText(from: string, to: string): readonly Hunk[] {
  if (from === to) return [];
  const byWords = changedMiddle(from.match(words) ?? [], to.match(words) ?? []);
  const wordSteps = shortestSteps(byWords);
  if (wordSteps) return hunksOf(byWords, wordSteps);
  const byLines = changedMiddle(from.match(lines) ?? [], to.match(lines) ?? []);
  return hunksOf(byLines, shortestSteps(byLines) ?? [{ from: byLines.from.length, to: byLines.to.length }]);
}

/** The tokens between the equal ends of two texts. */
interface Middle {
  /** Where it starts, in characters. */
  readonly start: number;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

function changedMiddle(from: readonly string[], to: readonly string[]): Middle {
  const shorter = Math.min(from.length, to.length);
  let before = 0;
  while (before < shorter && from[before] === to[before]) before++;
  let after = 0;
  while (after < shorter - before && from.at(-1 - after) === to.at(-1 - after)) after++;
  return {
    start: textLength(from, 0, before),
    from: from.slice(before, from.length - after),
    to: to.slice(before, to.length - after),
  };
}

/** Tokens to take away and tokens to put there, or, at odd places, equal tokens to go past. */
interface Step {
  readonly from: number;
  readonly to: number;
}
