// The state of everything, in words that promise no more than is so.
import type { IdentitySnapshot, SyncStatus } from "@holdfast/client";

export interface StatusWords {
  readonly name: "loading" | "saved" | "saving" | "waiting" | "offline" | "attention";
  /** Fits a pill. */
  readonly label: string;
  /** One or two sentences on what that means for the person's notes. */
  readonly detail: string;
}

export interface StatusFacts {
  readonly status: SyncStatus;
  readonly identity: IdentitySnapshot;
  /** Fields with typed text that the client has not been given yet. */
  readonly unsavedFields: number;
}

export function statusWords({ status, identity, unsavedFields }: StatusFacts): StatusWords {
  if (status.state === "loading") return { name: "loading", label: "Opening…", detail: "Reading this device." };
  if (status.state === "attention") return attentionWords(status);
  if (!status.online) return offlineWords(status);
  if (identity.needsSignIn) {
    return {
      name: "waiting",
      label: `Sign in again${waitingSuffix(status)}`,
      detail: "Everything is safe on this device. Your login has ended, so it cannot go further until you sign in.",
    };
  }
  if (status.state === "saving" || status.unwritten > 0 || unsavedFields > 0) return savingWords(status);
  if (status.state === "waiting") {
    return {
      name: "waiting",
      label: `Saved on this device${waitingSuffix(status)}`,
      detail: status.error?.message ?? "The cloud has not got everything yet. It is tried again by itself.",
    };
  }
  return savedWords(status, identity);
}

function attentionWords(status: SyncStatus): StatusWords {
  const parts = [
    ...(status.conflicts > 0 ? [count(status.conflicts, "conflict")] : []),
    ...(status.rejected > 0 ? [`${status.rejected} refused`] : []),
  ];
  return {
    name: "attention",
    label: ["Needs you", ...parts].join(" · "),
    detail:
      status.error?.message ?? "Nothing is lost. A few records wait for your decision; the others go on by themselves.",
  };
}

function offlineWords(status: SyncStatus): StatusWords {
  if (status.pending === 0) {
    return {
      name: "offline",
      label: "Offline · nothing waiting",
      detail: "Keep writing: it is saved on this device and goes up when the network is back.",
    };
  }
  return {
    name: "offline",
    label: `Offline${waitingSuffix(status)}`,
    detail: "Saved on this device. It goes to your other devices when the network is back.",
  };
}

function savingWords(status: SyncStatus): StatusWords {
  return {
    name: "saving",
    label: status.pending > 1 ? `Saving… · ${status.pending.toLocaleString("en")} to go` : "Saving…",
    detail: "On its way to the cloud.",
  };
}

function savedWords(status: SyncStatus, identity: IdentitySnapshot): StatusWords {
  if (status.recoverable) {
    return {
      name: "saved",
      label: "Saved everywhere",
      detail: "Every change is in the cloud, and it has been checked that both copies are equal.",
    };
  }
  if (identity.kind === "guest") {
    return {
      name: "saved",
      label: "Saved · only you, here",
      detail: "Saved — sign in to reach it from other devices. As a guest, only this browser can find your notes.",
    };
  }
  return { name: "saved", label: "Ready", detail: "Nothing to save yet. Sign in to have your notes on every device." };
}

function waitingSuffix(status: SyncStatus): string {
  return status.pending > 0 ? ` · ${status.pending.toLocaleString("en")} waiting` : "";
}

export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
