// What an app's write does to one record of the replica.
import type { RecordKey } from "./ids.ts";
import { jsonEquals, type JsonValue } from "./json-value.ts";
import { clockAheadMsMax } from "./limits.ts";
import { layersOf, stackLayers, valueBeneath } from "./layers.ts";
import { type LocalRecord, type Pending } from "./record.ts";
import { SyncError } from "./sync-error.ts";

export interface Edit {
  readonly key: RecordKey;
  /** undefined: removed. */
  readonly value: JsonValue | undefined;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: number;
  readonly schema: number;
  /** The next place in the outbox. */
  readonly order: number;
}

export type EditOutcome =
  | { readonly type: "unchanged" }
  /** `record` is null where nothing is left to keep. */
  | { readonly type: "edited"; readonly record: LocalRecord | null };

/**
 * A write that changes nothing is none: no mutation, no notification.
 * @throws SyncError `format-too-new` where the stored record can't be read by this version of the app (S-19)
 */
export function editRecord(current: LocalRecord | undefined, edit: Edit, inAttempt: boolean): EditOutcome {
  if (current?.base?.content.type === "unreadable") throw unreadable(edit.key);
  // A person's new edit settles what was held back: it is decided or offered again.
  const held = current?.hold?.type === "rejected" ? null : (current?.hold ?? null);
  if (jsonEquals(current?.value, edit.value) && !(current?.hold && !held)) return { type: "unchanged" };
  const base = current?.base ?? null;
  // What waits for a person's decision goes on waiting, also where it has become what the cloud holds.
  const pending = pendingAfter(current, edit, inAttempt) ?? (held ? (current?.pending ?? null) : null);
  const sealed = current && pending === null ? layersOf(current).slice(0, -1) : [];
  if (current && sealed.length > 0) {
    // Back to what it was in its earlier group, which still has to go up.
    const again = current.pending?.again ?? null;
    return { type: "edited", record: stackLayers({ ...current, hold: held, again, isGrouped: true }, sealed) };
  }
  if (pending === null && base === null) return { type: "edited", record: null };
  return {
    type: "edited",
    record: {
      key: edit.key,
      base,
      value: edit.value,
      modifiedAt: pending ? stampEdit(edit.now, base?.modifiedAt ?? null) : (base?.modifiedAt ?? edit.now),
      schema: edit.schema,
      pending,
      hold: held,
    },
  };
}

/** S-17: later than what it is built on, whatever the device's clock says; but not far beyond the cloud's time. */
export function stampEdit(now: number, baseModifiedAt: number | null): number {
  return baseModifiedAt === null ? now : Math.min(Math.max(now, baseModifiedAt + 1), now + clockAheadMsMax);
}

/**
 * S-4. A record that goes back to what it was built on is no longer pending, unless it was sent and may have landed. One
 * that was written in a group stays in it (S-16).
 */
function pendingAfter(current: LocalRecord | undefined, edit: Edit, inAttempt: boolean): Pending | null {
  const pending = current?.pending ?? null;
  const differs = !jsonEquals(current ? valueBeneath(current) : undefined, edit.value);
  if (!differs && !inAttempt && !pending?.again) return null;
  return pending ?? { order: edit.order, again: null };
}

const unreadable = (key: RecordKey): SyncError =>
  new SyncError({
    code: "format-too-new",
    message: `The record ${JSON.stringify(key)} was written by a newer version of this app, or is damaged; it is not overwritten. Update the app.`,
    key,
  });
