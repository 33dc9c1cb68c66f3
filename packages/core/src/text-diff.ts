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
  const changedWords = shortestChanges(byWords);
  if (changedWords) return hunksOf(byWords, changedWords);
  const byLines = changedMiddle(from.match(lines) ?? [], to.match(lines) ?? []);
  const all: Change = { fromStart: 0, fromEnd: byLines.from.length, toStart: 0, toEnd: byLines.to.length };
  return hunksOf(byLines, shortestChanges(byLines) ?? [all]);
}

/** The tokens between the equal ends of two texts. */
interface Middle {
  /** Where it starts, in characters. */
  readonly start: number;
  readonly from: readonly string[];
  readonly to: readonly string[];
}

/** Tokens from start to before end that give way to others. */
interface Change {
  readonly fromStart: number;
  readonly fromEnd: number;
  readonly toStart: number;
  readonly toEnd: number;
}

function changedMiddle(from: readonly string[], to: readonly string[]): Middle {
  const shorter = Math.min(from.length, to.length);
  let before = 0;
  while (before < shorter && from[before] === to[before]) before++;
  let after = 0;
  while (after < shorter - before && from.at(-1 - after) === to.at(-1 - after)) after++;
  return {
    start: from.slice(0, before).join("").length,
    from: from.slice(before, from.length - after),
    to: to.slice(before, to.length - after),
  };
}

function hunksOf({ start, from, to }: Middle, changes: readonly Change[]): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let token = 0;
  let character = start;
  const advanceTo = (end: number): number => {
    for (; token < end; token++) character += from[token]?.length ?? 0;
    return character;
  };
  for (const { fromStart, fromEnd, toStart, toEnd } of changes) {
    hunks.push({ start: advanceTo(fromStart), end: advanceTo(fromEnd), text: to.slice(toStart, toEnd).join("") });
  }
  return hunks;
}

/** null: more than `editsMax` tokens must be removed or added. */
function shortestChanges({ from, to }: Middle): readonly Change[] | null {
  const reaches = searchReaches(from, to);
  if (!reaches) return null;
  const changes: Change[] = [];
  // Back along the way that was found. A diagonal is `tokens taken from` less `tokens taken to`.
  let [x, y] = [from.length, to.length];
  for (let edits = reaches.length - 1; edits > 0; edits--) {
    const { reach, isAdded } = lastStep(reaches[edits - 1], edits, x - y);
    const [startX, startY] = [reach, isAdded ? reach - (x - y) - 1 : reach - (x - y) + 1];
    const [endX, endY] = isAdded ? [startX, startY + 1] : [startX + 1, startY];
    const next = changes.at(-1);
    if (next?.fromStart === endX && next.toStart === endY) {
      changes[changes.length - 1] = { ...next, fromStart: startX, toStart: startY };
    } else {
      changes.push({ fromStart: startX, fromEnd: endX, toStart: startY, toEnd: endY });
    }
    [x, y] = [startX, startY];
  }
  return changes.reverse();
}

/** How far in `from` each diagonal gets with 0, 1, 2, … edits, until both texts are at their end; null: too many. */
function searchReaches(from: readonly string[], to: readonly string[]): readonly Int32Array[] | null {
  const reaches: Int32Array[] = [];
  for (let edits = 0; edits <= editsMax; edits++) {
    const previous = reaches.at(-1);
    const current = new Int32Array(2 * edits + 1);
    reaches.push(current);
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      const { reach, isAdded } = lastStep(previous, edits, diagonal);
      let x = isAdded ? reach : reach + 1;
      while (x < from.length && x - diagonal < to.length && from[x] === to[x - diagonal]) x++;
      current[diagonal + edits] = x;
      if (x >= from.length && x - diagonal >= to.length) return reaches;
    }
  }
  return null;
}

/** The better way onto a diagonal: adding a token, from the diagonal above, or removing one, from that below. */
function lastStep(
  previous: Int32Array | undefined,
  edits: number,
  diagonal: number,
): { readonly reach: number; readonly isAdded: boolean } {
  const above = previous?.[diagonal + 1 + edits - 1];
  const below = previous?.[diagonal - 1 + edits - 1];
  if (above === undefined && below === undefined) return { reach: 0, isAdded: true };
  const isAdded = diagonal === -edits || (diagonal !== edits && (below ?? -1) < (above ?? -1));
  return { reach: (isAdded ? above : below) ?? 0, isAdded };
}
