// S-16: the values that a pending record takes in turn. Most have one, the local value; one that was written in several
// transactions, which together are too much for one commit, has one for each of them.
import { jsonEquals, type JsonValue } from "./json-value.ts";
import {
  isCounted,
  settledRecord,
  versionValue,
  type LocalRecord,
  type Layer,
  type Pending,
  type Version,
} from "./record.ts";

/** Oldest first; the last is the local value. None where nothing is pending. */
export function layersOf({ pending, value, modifiedAt, schema }: LocalRecord): readonly Layer[] {
  if (pending === null) return [];
  const newest = { order: pending.order, value, modifiedAt, schema };
  return pending.group ? [...pending.group.sealed, newest] : [newest];
}

/** What of a pending record goes up next. */
export function nextLayer(record: LocalRecord): Layer {
  const { order = 0, group } = record.pending ?? {};
  const { value, modifiedAt, schema } = record;
  return group?.sealed[0] ?? { order, value, modifiedAt, schema };
}

/** What the local value was built on: the layer beneath it, else the base. */
export const valueBeneath = ({ pending, base }: LocalRecord): JsonValue | undefined => {
  const below = pending?.group?.sealed.at(-1);
  return below ? below.value : versionValue(base);
};

/** Places in the outbox of the groups that the record belongs to. */
export const groupsOf = (record: LocalRecord): readonly number[] =>
  record.pending?.group ? layersOf(record).map(({ order }) => order) : [];

/** A record without its local value: what a replica says of it beside its layers. */
export interface Ground extends Pick<LocalRecord, "key" | "hold"> {
  readonly base: Version | null;
  readonly again: Pending["again"];
  readonly isGrouped: boolean;
}

/** The record that holds these layers upon its base; those that change nothing go. null: nothing is left to keep. */
export function stackLayers(
  { key, base, hold, again, isGrouped }: Ground,
  layers: readonly Layer[],
): LocalRecord | null {
  const kept: Layer[] = [];
  let beneath = versionValue(base);
  for (const layer of layers) {
    // S-4: one that was sent and may not have landed, or was offered again, counts although it equals the base.
    if (jsonEquals(layer.value, beneath) && !(kept.length === 0 && again !== null)) continue;
    kept.push(layer);
    beneath = layer.value;
  }
  const newest = kept.pop();
  if (!newest) return settledRecord(key, base);
  const { order, value, modifiedAt, schema } = newest;
  const group = isGrouped ? { sealed: kept } : undefined;
  return {
    ...{ key, base: isCounted(base) ? base : null, value, modifiedAt, schema },
    pending: { order, again, group },
    hold,
  };
}
