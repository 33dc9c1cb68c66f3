// Branded ids: made only by their parser, so that a checked id and any other string never mix.
import { datasetNameLengthMax, declaredNameLengthMax, keyBytesMax } from "./limits.ts";
import { SyncError, type SyncErrorCode } from "./sync-error.ts";
import { utf8Bytes } from "./json-value.ts";

declare const brand: unique symbol;
type Branded<T, Name extends string> = T & { readonly [brand]: Name };

/** A Cognito identity id, `<region>:<uuid>`. */
export type IdentityId = Branded<string, "IdentityId">;
/** A dataset's name. */
export type DatasetName = Branded<string, "DatasetName">;
/** A record's key within its dataset. */
export type RecordKey = Branded<string, "RecordKey">;
/** Version of a remote dataset: grows by one with each commit. */
export type SyncCount = Branded<number, "SyncCount">;
/** Random name of one commit, 128 bits in base64url. */
export type CommitId = Branded<string, "CommitId">;
/** Random name of one device's copy, 48 bits in base64url: short, since the head lists 16 of them. */
export type ReplicaId = Branded<string, "ReplicaId">;

/** @throws SyncError `invalid-name` */
export function parseDatasetName(input: unknown): DatasetName {
  if (isDatasetName(input)) return input;
  throw new SyncError({
    code: "invalid-name",
    message: `A dataset's name is 1 to ${datasetNameLengthMax} of the characters A-Z a-z 0-9 _ . : - ; ${shown(input)} is not. Choose another name.`,
  });
}

/** The name of a dataset that an app opens. @throws SyncError `invalid-name` */
export function parseDeclaredName(input: unknown): DatasetName {
  const name = parseDatasetName(input);
  if (name.length <= declaredNameLengthMax) return name;
  throw new SyncError({
    code: "invalid-name",
    message: `A dataset that an app opens has a name of at most ${declaredNameLengthMax} characters; ${shown(input)} has ${name.length}. Choose a shorter name.`,
  });
}

/** @throws SyncError `invalid-key` */
export function parseRecordKey(input: unknown): RecordKey {
  if (typeof input !== "string") throw invalidKey(input, "it is no string");
  if (input === "") throw invalidKey(input, "it is empty");
  if (hasLoneSurrogate(input)) throw invalidKey(input, "it holds half of a surrogate pair, which UTF-8 cannot hold");
  // A code unit is at most three bytes, so short keys need no count.
  if (input.length * 3 > keyBytesMax) {
    const bytes = utf8Bytes(input);
    if (bytes > keyBytesMax) throw invalidKey(input, `it has ${bytes} bytes`);
  }
  return input as RecordKey;
}

/** @throws SyncError `internal` where stored or sent data has none */
export const parseSyncCount = (input: unknown): SyncCount => parsed(input, isSyncCount, "a sync count");
export const parseCommitId = (input: unknown): CommitId => parsed(input, isCommitId, "a commit id");
export const parseReplicaId = (input: unknown): ReplicaId => parsed(input, isReplicaId, "a replica id");
export const parseIdentityId = (input: unknown): IdentityId => parsed(input, isIdentityId, "an identity id");

export const isDatasetName = (input: unknown): input is DatasetName =>
  matches(input, /^[A-Za-z0-9_.:-]+$/) && String(input).length <= datasetNameLengthMax;
export const isSyncCount = (input: unknown): input is SyncCount => Number.isSafeInteger(input) && Number(input) >= 0;
export const isCommitId = (input: unknown): input is CommitId => matches(input, /^[A-Za-z0-9_-]{22}$/);
export const isReplicaId = (input: unknown): input is ReplicaId => matches(input, /^[A-Za-z0-9_-]{8}$/);
export const isIdentityId = (input: unknown): input is IdentityId => matches(input, /^[\w-]{1,30}:[\w-]{1,64}$/);
export function isRecordKey(input: unknown): input is RecordKey {
  return typeof input === "string" && input !== "" && !hasLoneSurrogate(input) && utf8Bytes(input) <= keyBytesMax;
}

/** The sync count after `count`. */
export const nextSyncCount = (count: SyncCount): SyncCount => parseSyncCount(count + 1);

const hasLoneSurrogate = (text: string): boolean => /\p{Surrogate}/u.test(text);
const matches = (input: unknown, pattern: RegExp): boolean => typeof input === "string" && pattern.test(input);

function parsed<T>(input: unknown, is: (value: unknown) => value is T, what: string): T {
  if (is(input)) return input;
  throw damaged(`${shown(input)} is not ${what}`);
}

/** For data that only Holdfast writes: it was damaged, or written by something else. */
export function damaged(what: string, code: SyncErrorCode = "internal"): SyncError {
  return new SyncError({ code, message: `Stored data is damaged: ${what}.` });
}

function invalidKey(input: unknown, why: string): SyncError {
  return new SyncError({
    code: "invalid-key",
    message: `A record's key is 1 to ${keyBytesMax} bytes of well-formed UTF-8; ${shown(input)} is not: ${why}. Choose another key.`,
    ...(typeof input === "string" ? { key: input.slice(0, 64) } : {}),
  });
}

function shown(input: unknown): string {
  if (typeof input !== "string") return `a value of type ${typeof input}`;
  return JSON.stringify(input.length > 64 ? `${input.slice(0, 64)}…` : input);
}
