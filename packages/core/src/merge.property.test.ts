import fc from "fast-check";
import { expect, it } from "vitest";
import { anyEdits, anyRecord } from "../test/json-arbitrary.ts";
import { getOwn, isJsonObject, jsonEquals, pointerToPath, type JsonValue } from "./json-value.ts";
import { mergeValues } from "./merge.ts";
import { diffValues } from "./patch.ts";
import { localWins, remoteWins } from "./resolvers.ts";

const runs = { seed: 20_260_703, numRuns: 3_000 };

type Value = JsonValue | undefined;

function expectEqual(a: Value, b: Value): void {
  if (!jsonEquals(a, b)) expect(a).toEqual(b);
  expect(jsonEquals(a, b)).toBe(true);
}

it("MERGE-1: what one side did alone is kept whole", () => {
  const property = fc.property(anyRecord, anyRecord, (base, edited) => {
    for (const sides of [
      { local: edited, remote: base },
      { local: base, remote: edited },
    ]) {
      const { value, clashes } = mergeValues({ base, ...sides });
      expectEqual(value, edited);
      expect(clashes).toEqual([]);
    }
  });
  fc.assert(property, runs);
});

it("MERGE-1: the same change on both sides is no conflict", () => {
  const property = fc.property(anyRecord, anyRecord, (base, edited) => {
    const { value, clashes } = mergeValues({ base, local: edited, remote: edited });
    expectEqual(value, edited);
    expect(clashes).toEqual([]);
  });
  fc.assert(property, runs);
});

it("MERGE-5: swapping both sides swaps nothing but their names", () => {
  const property = fc.property(anyEdits, fc.integer({ min: 0, max: 2 }), ([base, local, remote], remoteModifiedAt) => {
    const times = { localModifiedAt: 1, remoteModifiedAt, localWinsTie: true };
    const swapped = { localModifiedAt: remoteModifiedAt, remoteModifiedAt: 1, localWinsTie: false };
    const one = mergeValues({ base, local, remote, ...times });
    const other = mergeValues({ base, local: remote, remote: local, ...swapped });
    expect(other.clashes).toEqual(one.clashes);
    expectEqual(other.value, one.value);
  });
  fc.assert(property, runs);
});

it("MERGE-2: every clash is a place that both sides changed, and no clash lies inside another", () => {
  const property = fc.property(anyEdits, ([base, local, remote]) => {
    const { clashes } = mergeValues({ base, local, remote });
    const changed = [diffValues(base, local), diffValues(base, remote)].map((patch) => patch.map(({ path }) => path));
    for (const clash of clashes) {
      for (const paths of changed) {
        expect(paths.some((path) => path === clash || isInside(path, clash) || isInside(clash, path))).toBe(true);
      }
      expect(clashes.some((other) => isInside(other, clash))).toBe(false);
      const path = pointerToPath(clash);
      expect(jsonEquals(valueAt(local, path), valueAt(remote, path))).toBe(false);
    }
  });
  fc.assert(property, runs);
});

it("MERGE-4: both sides differ only in the clashes, where each takes its own value", () => {
  const property = fc.property(anyEdits, ([base, local, remote]) => {
    const ours = mergeValues({ base, local, remote, resolver: localWins });
    const theirs = mergeValues({ base, local, remote, resolver: remoteWins });
    for (const clash of ours.clashes) {
      const path = pointerToPath(clash);
      expectEqual(valueAt(ours.value, path), valueAt(local, path));
      expectEqual(valueAt(theirs.value, path), valueAt(remote, path));
    }
    for (const { path } of diffValues(ours.value, theirs.value)) {
      expect(ours.clashes.some((clash) => clash === path || isInside(path, clash))).toBe(true);
    }
  });
  fc.assert(property, runs);
});

it("MERGE-2: every change of one side that does not clash is in the merged value", () => {
  const property = fc.property(anyEdits, ([base, local, remote]) => {
    const { value, clashes } = mergeValues({ base, local, remote });
    for (const side of [local, remote]) {
      for (const { path } of diffValues(base, side)) {
        if (clashes.some((clash) => clash === path || isInside(path, clash) || isInside(clash, path))) continue;
        const steps = pointerToPath(path);
        const [merged, edited] = [valueAt(value, steps), valueAt(side, steps)];
        // Where both added an object, its fields are merged.
        if (isJsonObject(merged) && isJsonObject(edited)) {
          expect(Object.keys(edited).every((name) => Object.hasOwn(merged, name))).toBe(true);
        } else expectEqual(merged, edited);
      }
    }
  });
  fc.assert(property, runs);
});

it("MERGE-5: the same inputs give the same, stay as they are, and the value is frozen", () => {
  const property = fc.property(anyEdits, ([base, local, remote]) => {
    const before = JSON.stringify([base, local, remote]);
    const [one, two] = [mergeValues({ base, local, remote }), mergeValues({ base, local, remote })];
    expect(JSON.stringify(one)).toBe(JSON.stringify(two));
    expect(JSON.stringify([base, local, remote])).toBe(before);
    expect(Object.isFrozen(one.value)).toBe(true);
  });
  fc.assert(property, runs);
});

function isInside(path: string, ancestor: string): boolean {
  return path !== ancestor && path.startsWith(`${ancestor}/`);
}

function valueAt(value: Value, [name, ...rest]: readonly string[]): Value {
  if (name === undefined) return value;
  return isJsonObject(value) ? valueAt(getOwn(value, name), rest) : undefined;
}
