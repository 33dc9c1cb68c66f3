// Short messages at the foot of the screen, some with a way back.
import { isSyncError, type Live } from "@holdfast/client";
import { liveValue } from "./live.ts";

export interface Toast {
  readonly id: number;
  readonly text: string;
  readonly tone: "plain" | "problem";
  readonly action?: { readonly label: string; readonly run: () => void };
}

const shown = liveValue<readonly Toast[]>([]);
let lastId = 0;

export const toasts: Live<readonly Toast[]> = shown;

export function showToast(text: string, options: Partial<Pick<Toast, "tone" | "action">> = {}): void {
  const toast: Toast = { id: ++lastId, text, tone: "plain", ...options };
  // More than three would hide the notes.
  shown.set([...shown.getSnapshot().slice(-2), toast]);
}

export function dismissToast(id: number): void {
  shown.set(shown.getSnapshot().filter((toast) => toast.id !== id));
}

/** Runs what nobody waits for, and tells when it failed. */
export function run(work: Promise<unknown>): void {
  work.catch((error: unknown) => showToast(errorText(error), { tone: "problem" }));
}

export function errorText(error: unknown): string {
  if (isSyncError(error, "offline") || !navigator.onLine) return "That needs a network. Try again when you are online.";
  return error instanceof Error ? error.message : String(error);
}
