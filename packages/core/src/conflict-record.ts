// Makes the record that is kept of each conflict.
import type { Conflict, ConflictRecord } from "./conflict.ts";
import type { DatasetName } from "./ids.ts";
import type { JsonValue } from "./json-value.ts";
import { diffValues } from "./patch.ts";
import { versionValue, type LocalRecord, type Version } from "./record.ts";

export interface ConflictEnding {
  readonly kind: ConflictRecord["kind"];
  readonly result: JsonValue | undefined;
  readonly reason: string;
  readonly open?: boolean;
  /** Tells two conflicts with the same remote version apart; part of the id. */
  readonly mark?: number;
  /** What the merge asked; else a clash of the whole record. */
  readonly merge?: Conflict<JsonValue>;
}

/** The id follows from what clashed: deciding the same again gives the same record, not a second one. */
export function conflictOf(
  current: LocalRecord,
  remote: Version | null,
  context: { readonly dataset: DatasetName; readonly now: number },
  ending: ConflictEnding,
): ConflictRecord {
  const held = current.hold?.type === "conflict" ? current.hold.id : null;
  const base = versionValue(current.base);
  const remoteValue = versionValue(remote);
  return {
    key: current.key,
    base,
    local: current.value,
    remote: remoteValue,
    localPatch: diffValues(base, current.value),
    remotePatch: diffValues(base, remoteValue),
    clashes: [""],
    localModifiedAt: current.modifiedAt,
    remoteModifiedAt: remote?.modifiedAt ?? 0,
    ...ending.merge,
    id: held ?? [context.dataset, remote?.commit ?? `none-${current.modifiedAt}`, current.key, ending.mark].join("/"),
    dataset: context.dataset,
    kind: ending.kind,
    state: ending.open ? "open" : "settled",
    result: ending.result,
    reason: ending.reason,
    at: context.now,
  };
}
