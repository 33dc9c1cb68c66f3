import type { RecordSnapshot } from "@holdfast/client";
import { Icon, type IconName } from "./icon.tsx";

const marks: Readonly<Record<RecordSnapshot<unknown>["syncState"], { icon: IconName; label: string }>> = {
  loading: { icon: "clock", label: "Being read" },
  synced: { icon: "cloudCheck", label: "In the cloud" },
  pending: { icon: "clock", label: "Saved on this device, waiting to go up" },
  sending: { icon: "up", label: "On its way to the cloud" },
  conflict: { icon: "warning", label: "Changed on two devices: needs your decision" },
  rejected: { icon: "warning", label: "The cloud refused this record" },
};

/** Where one record is. */
export function SyncMark({ state, verbose }: { state: RecordSnapshot<unknown>["syncState"]; verbose?: boolean }) {
  const { icon, label } = marks[state];
  return (
    <span className="sync-mark" data-sync={state} title={label}>
      {verbose === true ? (
        <>
          <Icon name={icon} /> {label}
        </>
      ) : (
        <Icon name={icon} label={label} />
      )}
    </span>
  );
}
