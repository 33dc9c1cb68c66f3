// A pending record on its way onto what was pulled, layer by layer (S-16): each is merged with what lies beneath it now.
import { parseCommitId, parseSyncCount } from "./ids.ts";
import { jsonEquals, type JsonValue } from "./json-value.ts";
import { layersOf, stackLayers } from "./layers.ts";
import { rebaseRecord, type RebaseContext, type Rebased } from "./rebase.ts";
import { versionValue, waitsForAnother, type Layer, type LocalRecord, type Pending, type Version } from "./record.ts";

/** What was pulled of one record; null: the cloud has none. */
export interface Arrival {
  readonly remote: Version | null;
  /** It went with the dataset (S-11). */
  readonly datasetDeleted: boolean;
}

/** A layer that lies upon another one has no version beneath it; these stand for it. */
const [commitBefore, commitAfter] = [parseCommitId("before-the-layer-above"), parseCommitId("beneath-the-layer-now-")];

export class LayerStack {
  readonly record: LocalRecord;
  readonly layers: readonly Layer[];
  readonly #arrival: Arrival | undefined;
  /** What the next layer was built on, and what it is now. */
  #before: JsonValue | undefined;
  #after: JsonValue | undefined;
  readonly #done: Layer[] = [];
  /** What the record is but for its layers. */
  #rest: Pick<LocalRecord, "hold"> & Pick<Pending, "again">;
  /** What a single layer became. */
  #only: Rebased | null = null;
  #isChanged: boolean;

  static of(record: LocalRecord, arrival: Arrival | undefined, context: RebaseContext): LayerStack {
    const layers = layersOf(record);
    const isWhole = arrival !== undefined && layers.length > 1 && isWholeOnly(record, arrival, context);
    return new LayerStack(record, arrival, isWhole ? layers.slice(-1) : layers);
  }

  constructor(record: LocalRecord, arrival: Arrival | undefined, layers: readonly Layer[]) {
    this.record = record;
    this.layers = layers;
    this.#arrival = arrival;
    this.#before = versionValue(record.base);
    this.#after = arrival ? versionValue(arrival.remote) : this.#before;
    this.#isChanged = arrival !== undefined;
    this.#rest = { hold: record.hold, again: record.pending?.again ?? null };
  }

  at(place: number): Layer | undefined {
    return this.layers.find(({ order }) => order === place);
  }

  get before(): JsonValue | undefined {
    return this.#before;
  }

  get after(): JsonValue | undefined {
    return this.#after;
  }

  /** The layer upon what lies beneath it now; null: nothing there has changed. Layers are asked from below. */
  rebase(layer: Layer, context: RebaseContext): Rebased | null {
    const { record } = this;
    const { order, value, modifiedAt, schema } = layer;
    const isFirst = layer === this.layers[0];
    const again = isFirst ? (record.pending?.again ?? null) : null;
    const only: LocalRecord = {
      ...record,
      value,
      modifiedAt,
      schema,
      pending: { order, again, group: { sealed: [] } },
    };
    if (isFirst && this.#arrival) {
      const { remote, datasetDeleted } = this.#arrival;
      return rebaseRecord(record.key, only, remote, { ...context, datasetDeleted });
    }
    return jsonEquals(this.#before, this.#after) ? null : this.#rebaseUpper({ ...only, hold: null }, context);
  }

  #rebaseUpper(layer: LocalRecord, context: RebaseContext): Rebased {
    const { key, schema, pending } = layer;
    const version = { syncCount: parseSyncCount(1), modifiedAt: this.#arrival?.remote?.modifiedAt ?? 0, schema };
    const base: Version = { ...version, commit: commitBefore, content: contentOf(this.#before) };
    const remote: Version = { ...version, commit: commitAfter, content: contentOf(this.#after) };
    const lay = (decided: RebaseContext): Rebased => rebaseRecord(key, { ...layer, base }, remote, decided);
    // Where nothing came from elsewhere, one's own later edit is laid upon what is left of the earlier ones.
    if (!this.#arrival) return { record: lay({ ...context, decided: "local" }).record, conflict: null };
    const rebased = lay(context);
    // A person was asked already, about the layer beneath; what came out of that is not asked again.
    const isAsked = rebased.record?.hold?.type === "conflict";
    const { conflict, ...rest } = isAsked ? lay({ ...context, decided: "local" }) : rebased;
    const id = `${conflict?.id}/${this.#arrival.remote?.commit}/${pending?.order}`;
    return { ...rest, conflict: conflict && { ...conflict, id } };
  }

  /** Goes on to the layer above. */
  keep(layer: Layer, rebased: Rebased | null): void {
    const { value, modifiedAt, schema } = rebased ? { ...layer, value: undefined, ...rebased.record } : layer;
    if (rebased) this.#isChanged = true;
    if (rebased && layer === this.layers[0]) {
      this.#rest = { hold: rebased.record?.hold ?? null, again: rebased.record?.pending?.again ?? null };
      if (this.layers.length === 1) this.#only = rebased;
    }
    this.#done.push({ order: layer.order, value, modifiedAt, schema });
    this.#before = layer.value;
    this.#after = value;
  }

  /** The layer goes, as if it had never been written. */
  drop(layer: Layer): void {
    if (layer === this.layers[0]) this.#rest = { hold: null, again: null };
    this.#isChanged = true;
    this.#before = layer.value;
  }

  /** undefined: the record stays as it is. */
  get result(): LocalRecord | null | undefined {
    if (!this.#isChanged) return undefined;
    if (this.#only) return this.#only.record;
    const base = this.#arrival ? this.#arrival.remote : this.record.base;
    return stackLayers({ key: this.record.key, base, ...this.#rest, isGrouped: true }, this.#done);
  }
}

const contentOf = (value: JsonValue | undefined): Version["content"] =>
  value === undefined ? { type: "removed" } : { type: "live", value };

/** What can't be laid anew layer by layer is one value, the newest, and goes with the newest of its groups. */
function isWholeOnly(record: LocalRecord, arrival: Arrival, context: RebaseContext): boolean {
  const { pending, hold, schema } = record;
  const { remote } = arrival;
  if (context.cloudRestored || waitsForAnother(record) || remote?.content.type === "unreadable") return true;
  if (pending?.again === "reoffered" || hold?.type === "conflict" || (remote?.schema ?? 0) > schema) return true;
  const layers = layersOf(record);
  if (layers.some((layer) => layer.schema !== schema)) return true;
  const trial = new LayerStack(record, arrival, layers);
  return layers.some((layer) => {
    const rebased = trial.rebase(layer, context);
    trial.keep(layer, rebased);
    return rebased?.record?.hold?.type === "conflict";
  });
}
