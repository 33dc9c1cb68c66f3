// The one error of Holdfast. `code` is stable and the only thing to decide by; the message says what failed and what to
// do, and never holds a token or a record's value.

const syncErrorCodes = [
  "invalid-name",
  "invalid-key",
  "invalid-value",
  "value-too-large",
  "transaction-too-large",
  "not-found",
  "closed",
  "aborted",
  "identity-changed",
  "storage-unavailable",
  "storage-full",
  "storage-evicted",
  "reload-needed",
  "upgrade-blocked",
  "offline",
  "not-signed-in",
  "credentials-expired",
  "access-denied",
  "throttled",
  "cloud-unavailable",
  "cloud-misconfigured",
  "format-too-new",
  "internal",
] as const;

/** Every reason for which Holdfast refuses or fails. Stable: codes are added, never renamed. */
export type SyncErrorCode = (typeof syncErrorCodes)[number];

/** Plain data, for status, reports and other tabs: an Error loses its code when it is copied between tabs. */
export interface SyncErrorInfo {
  readonly code: SyncErrorCode;
  readonly message: string;
  readonly dataset?: string;
  readonly key?: string;
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

export class SyncError extends Error {
  override readonly name = "SyncError";
  readonly info: SyncErrorInfo;

  constructor(info: SyncErrorInfo, options?: { cause?: unknown }) {
    super(info.message, options);
    this.info = info;
  }

  get code(): SyncErrorCode {
    return this.info.code;
  }
}

/**
 * Whether `error` is a SyncError, and of `code` where one is given. Use it rather than `instanceof`, which fails where an
 * app has two copies of this package.
 */
export function isSyncError(error: unknown, code?: SyncErrorCode): error is SyncError {
  if (!(error instanceof Error) || error.name !== "SyncError" || !("info" in error)) return false;
  const { info } = error;
  if (typeof info !== "object" || info === null || !("code" in info)) return false;
  return code === undefined || info.code === code;
}

/** What another try of the same request may achieve by itself, without a person or a developer. */
export function isRetryable(code: SyncErrorCode): boolean {
  switch (code) {
    case "offline":
    case "throttled":
    case "cloud-unavailable":
    case "credentials-expired":
      return true;
    case "invalid-name":
    case "invalid-key":
    case "invalid-value":
    case "value-too-large":
    case "transaction-too-large":
    case "not-found":
    case "closed":
    case "aborted":
    case "identity-changed":
    case "storage-unavailable":
    case "storage-full":
    case "storage-evicted":
    case "reload-needed":
    case "upgrade-blocked":
    case "not-signed-in":
    case "access-denied":
    case "cloud-misconfigured":
    case "format-too-new":
    case "internal":
      return false;
  }
}

/** The plain data of anything that was thrown; what is no SyncError becomes `internal`. */
export function errorToInfo(error: unknown): SyncErrorInfo {
  if (isSyncError(error)) return error.info;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "internal", message: `Holdfast met an error that it does not know (${text}). Please report it.` };
}

/** Reads stored error info; what is damaged becomes `internal`, since an error must not hide behind another one. */
export function parseErrorInfo(input: unknown): SyncErrorInfo {
  if (typeof input === "object" && input !== null && "code" in input && "message" in input) {
    const { code, message } = input;
    if (isSyncErrorCode(code) && typeof message === "string") {
      const dataset = "dataset" in input && typeof input.dataset === "string" ? { dataset: input.dataset } : {};
      const key = "key" in input && typeof input.key === "string" ? { key: input.key } : {};
      return { code, message, ...dataset, ...key };
    }
  }
  return { code: "internal", message: "The stored reason can't be read." };
}

const isSyncErrorCode = (input: unknown): input is SyncErrorCode => syncErrorCodes.some((code) => code === input);
