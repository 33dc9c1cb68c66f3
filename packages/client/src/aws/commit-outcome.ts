// S-14: what the answer to a commit teaches. Every CancellationReason is looked at.
import { headAction, SyncError, type Attempt, type RecordKey, type SyncErrorCode } from "@holdfast/core";
import type { CommitOutcome, Cost } from "../remote-store.ts";
import { awsErrorToSyncError, collectionFullText, errorName, httpStatus, type ErrorContext } from "./aws-error.ts";

/** What a commit that threw has taught. */
export function commitOutcome(error: unknown, attempt: Attempt, context: ErrorContext, cost: Cost): CommitOutcome {
  const reasons = cancellationReasons(error);
  if (reasons !== null) return cancelled(reasons, { error, attempt, context, cost });
  const translated = awsErrorToSyncError(error, context);
  if (errorName(error) === "ValidationException" || httpStatus(error) === 413) {
    return { type: "invalid", error: translated, keys: [], cost };
  }
  return { type: isAnswered(error, translated.code) ? "blocked" : "unclear", error: translated, cost };
}

/** Whether DynamoDB, or what comes before it, said for sure that nothing was applied and a repeat would fail as well. */
function isAnswered(error: unknown, code: SyncErrorCode): boolean {
  switch (code) {
    case "offline":
    case "throttled":
    case "cloud-unavailable":
    case "credentials-expired":
      return false;
    case "internal": {
      // Of an error without a status nobody knows how far the request went.
      const status = httpStatus(error);
      return status !== undefined && status >= 400 && status < 500;
    }
    default:
      return true;
  }
}

/** Codes of the reasons by action; null: the transaction was not cancelled. */
function cancellationReasons(error: unknown): readonly string[] | null {
  if (!(error instanceof Error) || error.name !== "TransactionCanceledException") return null;
  const reasons: unknown = "CancellationReasons" in error ? error.CancellationReasons : [];
  if (!Array.isArray(reasons)) return [];
  return reasons.map((reason: unknown) => {
    const isNamed = typeof reason === "object" && reason !== null && "Code" in reason;
    return isNamed && typeof reason.Code === "string" ? reason.Code : "None";
  });
}

interface Cancelled {
  readonly error: unknown;
  readonly attempt: Attempt;
  readonly context: ErrorContext;
  readonly cost: Cost;
}

const nothingLearned: ReadonlySet<string> = new Set([
  "TransactionConflict",
  "ThrottlingError",
  "ProvisionedThroughputExceeded",
  "RequestLimitExceeded",
]);

function cancelled(reasons: readonly string[], { error, attempt, context, cost }: Cancelled): CommitOutcome {
  const because = (code: SyncErrorCode, message: string): SyncError =>
    new SyncError({ code, message }, { cause: error });
  const count = (code: string): number => reasons.filter((reason) => reason === code).length;
  if (reasons.some((reason) => nothingLearned.has(reason))) {
    const message =
      "Another commit touches the same records just now, or DynamoDB is asked too often. The commit is sent again by itself.";
    return { type: "unclear", error: because("throttled", message), cost };
  }
  if (reasons[headAction] === "ConditionalCheckFailed") return { type: "stale", cost };
  if (reasons[headAction] === "ValidationError") {
    const message =
      "DynamoDB refuses the change of the dataset's head: the item was damaged by something that does not keep to Holdfast's rules. Mend or delete it.";
    return { type: "blocked", error: because("cloud-misconfigured", message), cost };
  }
  if (count("ValidationError") > 0) {
    const message = "DynamoDB refuses the record as invalid. It stays on this device; change it or discard it.";
    return {
      type: "invalid",
      error: because("invalid-value", message),
      keys: keysAt(reasons, "ValidationError", attempt),
      cost,
    };
  }
  if (count("ItemCollectionSizeLimitExceeded") > 0) {
    return { type: "blocked", error: because("storage-full", collectionFullText), cost };
  }
  if (count("AccessDenied") > 0) {
    const denied = Object.assign(new Error("cancelled", { cause: error }), { name: "AccessDeniedException" });
    return { type: "blocked", error: awsErrorToSyncError(denied, context), cost };
  }
  if (count("ConditionalCheckFailed") > 0) return { type: "record-refused", cost };
  const message = `DynamoDB cancelled the commit for a reason that Holdfast does not know (${[...new Set(reasons)].join(", ")}). It is sent again by itself.`;
  return { type: "unclear", error: because("cloud-unavailable", message), cost };
}

const keysAt = (reasons: readonly string[], code: string, attempt: Attempt): readonly RecordKey[] =>
  attempt.records.filter((_, index) => reasons[headAction + 1 + index] === code).map(({ key }) => key);
