import { describe, expect, it } from "vitest";
import { parseConflictRecord, type ConflictRecord } from "./conflict.ts";
import { valueDepthMax } from "./limits.ts";
import { parseValue, type JsonValue } from "./json-value.ts";

const record: ConflictRecord = {
  id: "c1",
  dataset: "notes",
  key: "n1",
  kind: "record",
  state: "settled",
  base: undefined,
  local: { a: 1 },
  remote: [1],
  result: undefined,
  localPatch: [{ op: "add", path: "", value: { a: 1 } }],
  remotePatch: [{ op: "remove", path: "/a" }],
  clashes: ["", "/a~1b"],
  reason: "Both sides changed the record.",
  localModifiedAt: 1,
  remoteModifiedAt: 2,
  at: 3,
};

describe("parseConflictRecord", () => {
  it("reads what was stored, frozen", () => {
    const parsed = parseConflictRecord(structuredClone(record));
    expect(parsed).toEqual(record);
    expect(
      [parsed, parsed?.local, parsed?.clashes, parsed?.localPatch, parsed?.localPatch[0]].every(Object.isFrozen),
    ).toBe(true);
  });

  it("reads values as deep as a record may be", () => {
    let deep: JsonValue = 1;
    for (let level = 0; level < valueDepthMax; level++) deep = [deep];
    const parsed = parseConflictRecord({ ...record, local: deep, localPatch: [{ op: "add", path: "", value: deep }] });
    expect(parsed?.local).toEqual(parseValue(deep));
    expect(parsed?.localPatch).toHaveLength(1);
  });

  it.each<readonly [string, unknown]>([
    ["no object", 1],
    ["nothing", null],
    ["another kind", { ...record, kind: "x" }],
    ["another state", { ...record, state: "x" }],
    ["no time", { ...record, at: "3" }],
    ["no clashes", { ...record, clashes: undefined }],
    ["a value that is no JSON", { ...record, local: { a: new Date(0) } }],
    ["a patch that is no JSON", { ...record, remotePatch: [{ op: "add", path: "", value: NaN }] }],
  ])("is null for %s", (_what, input) => {
    expect(parseConflictRecord(input)).toBe(null);
  });

  it("leaves out operations and pointers that are none", () => {
    const parsed = parseConflictRecord({
      ...record,
      clashes: ["a", 1, "/b"],
      localPatch: [1, { op: "move", path: "/a" }],
    });
    expect(parsed?.clashes).toEqual(["/b"]);
    expect(parsed?.localPatch).toEqual([]);
  });
});
