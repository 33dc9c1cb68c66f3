import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { DigestSum, hashVersion } from "./digest.ts";
import { parseCommitId, parseRecordKey, parseSyncCount } from "./ids.ts";
import { possibleSteps } from "./sync-machine.ts";

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

const spec = readFileSync(pathOf("../SPEC.md"), "utf8");
const built = spec.slice(spec.indexOf("## Rules that are built"), spec.indexOf("## Rules that are not built"));
const rules = [...built.matchAll(/^\*\*((?:S|MERGE)-\d+) /gm)].map(([, rule = ""]) => rule);

/** Titles of all tests of core and client: of `it`, `describe`, and their `each`. */
function titles(): readonly string[] {
  const isTest = (name: string): boolean => /\.test(-d)?\.tsx?$/.test(name);
  return ["./", "../../client/src/"].flatMap((folder) =>
    readdirSync(pathOf(folder), { recursive: true, encoding: "utf8" })
      .filter(isTest)
      .flatMap((name) => titlesIn(readFileSync(pathOf(folder + name), "utf8"))),
  );
}

const titlesIn = (source: string): readonly string[] =>
  [...source.matchAll(/(?:\b(?:it|describe)|\]\)|\w\))\(\s*(["`])(.*?)\1,\s*(?:async )?\(/g)].map(
    ([, , title = ""]) => title,
  );

describe("SPEC", () => {
  it("lists the rules that are built, each once", () => {
    expect(rules).toContain("S-1");
    expect(rules).toContain("MERGE-1");
    expect(new Set(rules).size).toBe(rules.length);
  });

  it("lists no rule as built that no test's title quotes", () => {
    const quoted = new Set(titles().flatMap((title) => title.match(/\b(?:S|MERGE)-\d+/g) ?? []));
    expect(rules.filter((rule) => !quoted.has(rule))).toEqual([]);
  });

  it("draws every stage of the state machine", () => {
    const section = spec.slice(spec.indexOf("## The state machine"), spec.indexOf("## Rules that are built"));
    const drawn = [...section.matchAll(/^\| `(\w+)` +\|/gm)].map(([, stage = ""]) => stage);
    expect(new Set(drawn)).toEqual(new Set([...possibleSteps.map(({ stage }) => stage), "done"]));
    expect(drawn).toHaveLength(new Set(drawn).size);
  });

  it("is quoted by no title under a number that it does not know", () => {
    const known = new Set(spec.match(/\b(?:S|MERGE)-\d+/g) ?? []);
    expect(titles().filter((title) => title.match(/\b(?:S|MERGE)-\d+/g)?.some((rule) => !known.has(rule)))).toEqual([]);
  });

  it("finds titles, and nothing else", () => {
    const source = [
      'describe("S-1: a", () => {',
      '  it(\n    "S-2: b", async () => {});',
      '  it.each([1])("S-3: %s", (each) => {});',
      "  // it quotes S-4",
      '  expect("S-5").toBe("S-6", "S-7");',
    ];
    expect(titlesIn(source.join("\n"))).toEqual(["S-1: a", "S-2: b", "S-3: %s"]);
  });

  it("S-1: gives the digest's vectors as the code makes them", () => {
    const sum = new DigestSum();
    const digests: string[] = [];
    const vectors = [
      ["a", 1, "AAAAAAAAAAAAAAAAAAAAAA"],
      ["note/é中😀", 41, "BBBBBBBBBBBBBBBBBBBBBB"],
      ["x".repeat(800), 2 ** 53 - 1, "0123456789abcdefghij-_"],
    ] as const;
    for (const [key, count, commit] of vectors) {
      const version = { key: parseRecordKey(key), syncCount: parseSyncCount(count), commit: parseCommitId(commit) };
      sum.add(version);
      const hash = hashVersion(version).map((word) => word.toString(16).padStart(8, "0"));
      digests.push(`\`${hash.join("")}\` | \`${sum.digest}\``);
    }
    for (const digest of digests) expect(spec).toContain(digest);
    // Made by another implementation of MurmurHash3, so that code and vectors are not wrong together.
    expect(sum.digest).toBe("e7dad3658b2f9acb");
  });
});
