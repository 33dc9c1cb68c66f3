// LocalRecord ↔ the stored row. What was stored is unknown until parsed: an older version wrote it, or it was damaged.
//
//   settled  { d, k, s, c, m, n, v }                base and local are one
//   pending  { d, k, m, n, v?, b, p | o, a?, h?, x?, g?, l? }   b: the base, null where there is none; v absent: removed
//
// d dataset, k key, s sync count, c commit, m modified at, n schema version, v value, u unreadable item, p place in the
// outbox of what goes up next (o: the same while it may not), a why it is offered again, h hold, x 1 where it is held or
// unreadable, g the groups that it belongs to (S-16), l what it was in earlier ones that go up first: { p, m, n, v? }, and
// then q its own place.
import {
  damaged,
  groupsOf,
  isCommitId,
  isRecordKey,
  isSendable,
  isSyncCount,
  needsAttention,
  nextLayer,
  parseErrorInfo,
  parseStoredValue,
  versionValue,
  type Content,
  type DatasetName,
  type Hold,
  type Layer,
  type LocalRecord,
  type Pending,
  type RecordKey,
  type Version,
} from "@holdfast/core";

type Row = Record<string, unknown>;

export function recordToRow(dataset: DatasetName, record: LocalRecord): Row {
  const { key, base, value, modifiedAt, schema, pending, hold } = record;
  const attention = needsAttention(record) ? { x: 1 } : {};
  if (pending === null && base !== null) return { d: dataset, k: key, ...versionToRow(base), ...attention };
  const row: Row = { d: dataset, k: key, m: modifiedAt, n: schema, b: base && versionToRow(base), ...attention };
  if (value !== undefined) row["v"] = value;
  if (pending) row[isSendable(record) ? "p" : "o"] = nextLayer(record).order;
  if (pending?.again) row["a"] = pending.again;
  if (hold) row["h"] = hold;
  if (pending?.group) {
    row["g"] = groupsOf(record).map((place) => groupName(dataset, place));
    if (pending.group.sealed.length > 0) {
      row["q"] = pending.order;
      row["l"] = pending.group.sealed.map(layerToRow);
    }
  }
  return row;
}

/** A group in the index. */
export const groupName = (dataset: DatasetName, place: number): string => `${dataset}/${place}`;

function layerToRow({ order, value, modifiedAt, schema }: Layer): Row {
  const row: Row = { p: order, m: modifiedAt, n: schema };
  if (value !== undefined) row["v"] = value;
  return row;
}

function versionToRow(version: Version): Row {
  const row: Row = { s: version.syncCount, c: version.commit, m: version.modifiedAt, n: version.schema };
  if (version.content.type === "live") row["v"] = version.content.value;
  if (version.content.type === "unreadable") row["u"] = { error: version.content.error, item: version.content.item };
  return row;
}

/** @throws SyncError `internal` where the row is damaged */
export function parseRow(input: unknown): LocalRecord {
  const row = parseObject(input);
  const key = row["k"];
  if (!isRecordKey(key)) throw damaged("a row without a record key");
  if (!("b" in row)) {
    const base = parseVersion(row);
    const { modifiedAt, schema } = base;
    return { key, base, value: versionValue(base), modifiedAt, schema, pending: null, hold: null };
  }
  return {
    key,
    base: row["b"] === null ? null : parseVersion(parseObject(row["b"])),
    value: "v" in row ? parseStoredValue(row["v"]) : undefined,
    modifiedAt: parseNumber(row["m"]),
    schema: parseNumber(row["n"]),
    pending: parsePending(row),
    hold: "h" in row ? parseHold(row["h"]) : null,
  };
}

/** The key of a row that may be damaged otherwise. */
export function rowKey(input: unknown): RecordKey | null {
  const key: unknown = typeof input === "object" && input !== null && "k" in input ? input.k : null;
  return isRecordKey(key) ? key : null;
}

function parseVersion(row: Row): Version {
  const { s: syncCount, c: commit } = row;
  if (!isSyncCount(syncCount) || !isCommitId(commit)) throw damaged("a row without the version of its record");
  return {
    syncCount,
    commit,
    modifiedAt: parseNumber(row["m"]),
    schema: parseNumber(row["n"]),
    content: parseContent(row),
  };
}

function parseContent(row: Row): Content {
  if ("u" in row) {
    const kept = parseObject(row["u"]);
    return { type: "unreadable", error: parseErrorInfo(kept["error"]), item: parseStoredValue(kept["item"]) };
  }
  if (!("v" in row)) throw damaged("a row without its value");
  return { type: "live", value: parseStoredValue(row["v"]) };
}

function parsePending(row: Row): Pending {
  const again = row["a"] ?? null;
  if (again !== null && again !== "sent" && again !== "reoffered")
    throw damaged("a row that is pending for no known reason");
  const order = parseNumber(row["p"] ?? row["o"]);
  if (!("g" in row)) return { order, again };
  if (!("l" in row)) return { order, again, group: { sealed: [] } };
  if (!Array.isArray(row["l"])) throw damaged("a row without what it was in earlier groups");
  return { order: parseNumber(row["q"]), again, group: { sealed: row["l"].map(parseLayer) } };
}

function parseLayer(input: unknown): Layer {
  const row = parseObject(input);
  return {
    order: parseNumber(row["p"]),
    value: "v" in row ? parseStoredValue(row["v"]) : undefined,
    modifiedAt: parseNumber(row["m"]),
    schema: parseNumber(row["n"]),
  };
}

function parseHold(input: unknown): Hold {
  const hold = parseObject(input);
  const id = hold["id"];
  if (hold["type"] === "rejected" && typeof id === "string") {
    return { type: "rejected", id, error: parseErrorInfo(hold["error"]), at: parseNumber(hold["at"]) };
  }
  if (hold["type"] === "group" && isRecordKey(hold["key"])) return { type: "group", key: hold["key"] };
  if (typeof id !== "string") throw damaged("a held record without its reason");
  if (hold["type"] !== "conflict") throw damaged("a held record without its reason");
  return { type: "conflict", id, base: hold["base"] === undefined ? undefined : parseStoredValue(hold["base"]) };
}

export function parseObject(input: unknown): Row {
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw damaged("an object was expected");
  return Object.fromEntries(Object.entries(input));
}

export function parseNumber(input: unknown): number {
  if (typeof input === "number" && Number.isFinite(input)) return input;
  throw damaged("a number was expected");
}
