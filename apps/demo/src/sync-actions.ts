// The panel's buttons that talk to the cloud, and what they say afterwards.
import { count } from "./status-words.ts";
import { client, compat, notes } from "./sync.ts";
import { showToast } from "./toasts.ts";

export async function synchronizeNow(): Promise<void> {
  const { outcome, datasets, requests } = await client.synchronize();
  switch (outcome) {
    case "synced": {
      const pulled = datasets.reduce((sum, report) => sum + report.pulled, 0);
      const pushed = datasets.reduce((sum, report) => sum + report.pushed, 0);
      const moved = pulled + pushed === 0 ? "nothing was new" : `${pushed} up, ${pulled} down`;
      return showToast(`Everything is equal: ${moved}, ${count(requests, "request")}.`);
    }
    case "offline":
      return showToast("Offline. Everything is saved on this device and goes up by itself later.");
    case "incomplete":
      return showToast("Not everything went through yet. It is tried again by itself.");
    case "blocked": {
      const error = datasets.find((report) => report.error !== null)?.error;
      return showToast(error?.message ?? "The cloud refuses. See Sync for the reason.", { tone: "problem" });
    }
  }
}

/** Compares every record with the cloud's, value by value. */
export async function verifyAll(): Promise<void> {
  const reports = [await notes.verify(), await compat.verify()];
  const differing = reports.reduce((sum, report) => sum + report.differing.length, 0);
  const repaired = reports.reduce((sum, report) => sum + report.repaired, 0);
  showToast(
    reports.every((report) => report.equal)
      ? "Checked record by record: this device and the cloud are equal."
      : `${count(differing, "record")} differed, ${repaired} mended.`,
  );
}
