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
  const start = sharedStart(from, to);
  const shared = sharedEnd(from, to, start);
  const [before, after] = [from.slice(start, from.length - shared), to.slice(start, to.length - shared)];
  const byWords = changedMiddle(before.match(words) ?? [], after.match(words) ?? []);
  const changedWords = shortestChanges(byWords);
  if (changedWords) return hunksOf(byWords, changedWords, start);
  const byLines = changedMiddle(before.match(lines) ?? [], after.match(lines) ?? []);
  const all: Change = { fromStart: 0, fromEnd: byLines.from.length, toStart: 0, toEnd: byLines.to.length };
  return hunksOf(byLines, shortestChanges(byLines) ?? [all], start);
}

/** Characters that both texts start with, up to a place where tokens part whatever follows: most of a text is cut off so. */
function sharedStart(from: string, to: string): number {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from.charCodeAt(start) === to.charCodeAt(start)) start++;
  do start--;
  while (start > 0 && !isParting(from, start));
  return Math.max(start, 0);
}

/** Characters that both texts end with, from such a place on, and that are not among the first `start`. */
function sharedEnd(from: string, to: string, start: number): number {
  const most = Math.min(from.length, to.length) - start;
  let shared = 0;
  while (shared < most && from.charCodeAt(from.length - 1 - shared) === to.charCodeAt(to.length - 1 - shared)) shared++;
  do shared--;
  while (shared > 0 && !isParting(from, from.length - shared));
  return Math.max(shared, 0);
}

/** Whether a token ends before this character, by it and the one before it alone. */
function isParting(text: string, at: number): boolean {
  const [previous, current] = [text.charAt(at - 1), text.charAt(at)];
  return previous === "\n" || current === "\n" || (current === " " && !/\s/.test(previous));
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

function hunksOf({ start, from, to }: Middle, changes: readonly Change[], offset: number): readonly Hunk[] {
  const hunks: Hunk[] = [];
  let token = 0;
  let character = offset + start;
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
  const reaches = searchReaches(...numbered(from, to));
  if (!reaches) return null;
  const changes: Change[] = [];
  // Back along the way that was found.
  let [x, y] = [from.length, to.length];
  for (let edits = reaches.length - 1; edits > 0; edits--) {
    const previous = reaches[edits - 1] ?? [];
    const at = (x - y + edits) / 2;
    const isAdded = isBetterAdded(previous, at);
    const startX = previous[isAdded ? at : at - 1] ?? 0;
    const startY = startX - (x - y) + (isAdded ? -1 : 1);
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

/** A number for each token, the same for the same: what is compared a million times should be no text. */
function numbered(from: readonly string[], to: readonly string[]): [readonly number[], readonly number[]] {
  const numbers = new Map<string, number>();
  const numberOf = (token: string): number => {
    const known = numbers.get(token);
    if (known === undefined) numbers.set(token, numbers.size);
    return known ?? numbers.size - 1;
  };
  return [from.map(numberOf), to.map(numberOf)];
}

/**
 * How far in `from` each diagonal gets with 0, 1, 2, … edits, until both texts are at their end; null: too many. A diagonal
 * is `tokens taken from` less `tokens taken to`; with `edits` edits those from -edits to edits can be reached, each second.
 */
function searchReaches(from: readonly number[], to: readonly number[]): readonly (readonly number[])[] | null {
  const reaches: number[][] = [];
  let previous: readonly number[] = [];
  for (let edits = 0; edits <= editsMax; edits++) {
    const current: number[] = [];
    reaches.push(current);
    for (let at = 0; at <= edits; at++) {
      const diagonal = 2 * at - edits;
      let x = 0;
      if (edits > 0) x = isBetterAdded(previous, at) ? (previous[at] ?? 0) : (previous[at - 1] ?? 0) + 1;
      while (x < from.length && x - diagonal < to.length && from[x] === to[x - diagonal]) x++;
      current.push(x);
      if (x >= from.length && x - diagonal >= to.length) return reaches;
    }
    previous = current;
  }
  return null;
}

/** The better way onto a diagonal: adding a token, from the diagonal above, or removing one, from that below. */
function isBetterAdded(previous: readonly number[], at: number): boolean {
  if (at === 0) return true;
  return at < previous.length && (previous[at - 1] ?? 0) < (previous[at] ?? 0);
}
