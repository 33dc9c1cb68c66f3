// The path policy for text that people write: a three-way merge by words.
import type { PathPolicy } from "./conflict.ts";
import { makePolicy, type Side } from "./path-policy.ts";
import { diffText, type Hunk } from "./text-diff.ts";

/**
 * Text whose edits are merged word by word. Where both sides changed the same words it clashes, and all else stays merged.
 * Lines that both added at the same place are both kept.
 */
export function text(): PathPolicy {
  return makePolicy("text", ({ base, local, remote }, side) => {
    if (typeof base !== "string" || typeof local !== "string" || typeof remote !== "string") return null;
    if (local === remote) return { value: remote, clashed: false };
    return mergeText({ base, local, remote }, side);
  });
}

/** A stretch of the base that one side changed, or both with changes that overlap. */
interface Region {
  start: number;
  end: number;
  readonly hunks: { readonly [side in Side]: Hunk[] };
}

function mergeText(
  { base, local, remote }: { readonly base: string; readonly local: string; readonly remote: string },
  side: Side,
): { readonly value: string; readonly clashed: boolean } {
  let value = "";
  let clashed = false;
  let done = 0;
  for (const region of regionsOf(diffText(base, local), diffText(base, remote))) {
    const merged = mergeRegion(base, region);
    if (merged === null) clashed = true;
    value += base.slice(done, region.start) + (merged ?? changedText(base, region, side));
    done = region.end;
  }
  return { value: value + base.slice(done), clashed };
}

/** null: both changed it, and clash. */
function mergeRegion(base: string, region: Region): string | null {
  const ours = changedText(base, region, "local");
  const theirs = changedText(base, region, "remote");
  if (region.hunks.local.length === 0 || ours === theirs) return theirs;
  if (region.hunks.remote.length === 0) return ours;
  if (region.start !== region.end) return null;
  // Words that both put in the same place would make one sentence of two; whole lines stand for themselves.
  const added = [ours, theirs].sort();
  const isLines = added.every((text) => text.startsWith("\n")) || added.every((text) => text.endsWith("\n"));
  return isLines ? added.join("") : null;
}

function regionsOf(local: readonly Hunk[], remote: readonly Hunk[]): readonly Region[] {
  const hunks = [
    ...local.map((hunk) => ({ side: "local", hunk }) as const),
    ...remote.map((hunk) => ({ side: "remote", hunk }) as const),
  ].sort((a, b) => a.hunk.start - b.hunk.start || a.hunk.end - b.hunk.end);
  const regions: Region[] = [];
  for (const { side, hunk } of hunks) {
    const last = regions.at(-1);
    // What is added at the edge of a replaced stretch stands beside it.
    const isSamePlace = last?.start === hunk.end && last.end === hunk.start;
    if (last && (hunk.start < last.end || isSamePlace)) {
      last.end = Math.max(last.end, hunk.end);
      last.hunks[side].push(hunk);
    } else {
      const region: Region = { start: hunk.start, end: hunk.end, hunks: { local: [], remote: [] } };
      region.hunks[side].push(hunk);
      regions.push(region);
    }
  }
  return regions;
}

/** What one side made of a region. */
function changedText(base: string, { start, end, hunks }: Region, side: Side): string {
  let text = "";
  let done = start;
  for (const hunk of hunks[side]) {
    text += base.slice(done, hunk.start) + hunk.text;
    done = hunk.end;
  }
  return text + base.slice(done, end);
}
