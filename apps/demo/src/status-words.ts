// The state of everything, in words that promise no more than is so.
import type { IdentitySnapshot, SyncErrorInfo, SyncStatus } from "@holdfast/client";

export interface StatusWords {
  /** What it looks like: the colours of the pill. */
  readonly tone: "quiet" | "good" | "busy" | "waiting" | "offline" | "problem";
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
  /** The account's notes were never here as a whole, and are coming. */
  readonly isFetching: boolean;
}

export function statusWords({ status, identity, unsavedFields, isFetching }: StatusFacts): StatusWords {
  if (status.state === "loading") return { tone: "quiet", label: "Opening…", detail: "Reading this device." };
  if (status.state === "attention") return attentionWords(status);
  if (!status.online) return offlineWords(status);
  if (identity.needsSignIn) return signInWords(status);
  if (status.state === "saving" || status.unwritten > 0 || unsavedFields > 0) return savingWords(status);
  if (status.state === "waiting") return waitingWords(status);
  if (isFetching) return { tone: "busy", label: "Fetching…", detail: "Your notes are on their way to this device." };
  return savedWords(status, identity);
}

function attentionWords(status: SyncStatus): StatusWords {
  const parts = [
    ...(status.conflicts > 0 ? [count(status.conflicts, "conflict")] : []),
    ...(status.rejected > 0 ? [`${status.rejected} refused`] : []),
  ];
  return {
    tone: "problem",
    label: ["Needs you", ...parts].join(" · "),
    detail:
      status.error?.message ?? "Nothing is lost. A few records wait for your decision; the others go on by themselves.",
  };
}

function offlineWords(status: SyncStatus): StatusWords {
  const isWaiting = status.pending > 0;
  return {
    tone: "offline",
    label: isWaiting ? `Offline · ${waitingWord(status)}` : "Offline",
    detail: isWaiting
      ? "Saved on this device. It goes to your other devices when the network is back."
      : "Nothing is waiting. Keep writing: it is saved on this device and goes up when the network is back.",
  };
}

function signInWords(status: SyncStatus): StatusWords {
  return {
    tone: "waiting",
    label: status.pending > 0 ? `Sign in again · ${waitingWord(status)}` : "Sign in again",
    detail: "Everything is safe on this device. Your login has ended, so it cannot go further until you sign in.",
  };
}

function savingWords(status: SyncStatus): StatusWords {
  return {
    tone: "busy",
    label: status.pending > 1 ? `Saving… ${status.pending.toLocaleString("en")} to go` : "Saving…",
    detail: "Saved on this device, and on its way to the cloud.",
  };
}

function waitingWords(status: SyncStatus): StatusWords {
  return {
    tone: "waiting",
    label: `Saved here · ${waitingWord(status)}`,
    detail: `The cloud has not got everything yet. ${whyNot(status.error)}`,
  };
}

function savedWords(status: SyncStatus, identity: IdentitySnapshot): StatusWords {
  if (status.error !== null) {
    return {
      tone: "waiting",
      label: "Saved · cloud out of reach",
      detail: `Nothing waits to go up, but news from other devices cannot come now. ${whyNot(status.error)}`,
    };
  }
  if (status.recoverable) {
    return {
      tone: "good",
      label: "Saved everywhere",
      detail: "Every change is in the cloud, and it has been checked that both copies are equal.",
    };
  }
  if (identity.kind === "guest") {
    return {
      tone: "good",
      label: "Saved · this browser only",
      detail: "In this browser and in the cloud, under an identity that only this browser has.",
    };
  }
  return { tone: "quiet", label: "Ready", detail: "Nothing to save yet. It is saved on this device as you type." };
}

/** The client's message says what a developer can check; who writes notes can only wait. */
function whyNot(error: SyncErrorInfo | null): string {
  switch (error?.code) {
    case undefined:
    case "offline":
    case "cloud-unavailable":
    case "throttled":
      return "It is tried again by itself.";
    default:
      return error?.message ?? "";
  }
}

function waitingWord({ pending }: SyncStatus): string {
  return `${pending.toLocaleString("en")} waiting`;
}

export function count(number: number, noun: string): string {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}
