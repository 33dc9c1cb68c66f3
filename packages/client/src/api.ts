/// <reference lib="esnext.disposable" />
// The public types of @holdfast/client. Snapshots, options and reports are deeply readonly, and frozen.
import type { ConflictRecord, JsonValue, Resolution, Resolver, SyncErrorInfo } from "@holdfast/core";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Draft } from "immer";
/** A bound that interfaces and optional fields pass, and Date, Map, functions and bigint do not. An undefined property is left out, as JSON does. */
export type JsonCompatible<T> = {
  [K in keyof T]: T[K] extends JsonValue | undefined
    ? T[K]
    : T[K] extends bigint | symbol | ((...args: any[]) => unknown)
      ? never
      : JsonCompatible<T[K]>;
};
/** All that can be watched. Bound functions, identity-stable snapshots; getServerSnapshot is always the "loading" one (server render and hydration). */
export interface Live<S> {
  readonly getSnapshot: () => S;
  readonly getServerSnapshot: () => S;
  readonly subscribe: (listener: () => void) => () => void;
}
export interface Wait {
  readonly signal?: AbortSignal;
}
export interface AutoSyncOptions {
  readonly debounceMs?: number;
  readonly pollMsMin?: number;
  readonly pollMsMax?: number;
}
export interface DatasetOptions<T> {
  readonly schema?: StandardSchemaV1<unknown, T>; // synchronous; a check, not a filter: fields it does not know are kept
  readonly version?: number; // default 1; stored with each record
  readonly upgrade?: (value: JsonValue, fromVersion: number) => JsonValue | NoInfer<T>; // pure; on read; pushed only with the record's next edit
  readonly resolver?: Resolver<NoInfer<T>>;
  readonly sync?: "auto" | "manual" | "never";
  readonly priority?: number;
}
export type Definitions = { readonly [nameOrPrefixStar: string]: DatasetOptions<any> }; // { notes: …, "site.*": … }
export type NameOf<K> = K extends `${infer P}*` ? `${P}${string}` : K;
export type ValueOf<O> = O extends DatasetOptions<infer T> ? T : never;
export type Lookup<D, N extends string> = N extends keyof D
  ? ValueOf<D[N]>
  : { [K in keyof D]: K extends `${infer P}*` ? (N extends `${P}${string}` ? ValueOf<D[K]> : never) : never }[keyof D];
export interface SyncClient<D extends Definitions = Definitions> extends AsyncDisposable {
  readonly opened: Promise<void>; // rejects storage-unavailable; every operation waits for it by itself
  readonly identity: Live<IdentitySnapshot>;
  readonly status: Live<SyncStatus>;
  readonly usage: Live<ClientUsage>;
  readonly problems: Live<readonly Problem[]>; // all datasets: what needs a person or a developer
  dataset<T extends JsonCompatible<T> = JsonValue>(
    name: string extends keyof D ? string : never,
    options?: { identityId?: string },
  ): Dataset<T>; // nothing declared
  dataset<N extends NameOf<keyof D & string>>(name: N, options?: { identityId?: string }): Dataset<Lookup<D, N>>; // declared
  datasets(options?: Wait): Promise<readonly DatasetSummary[]>;
  synchronize(options?: Wait): Promise<SyncReport>;
  whenSynced(options?: Wait): Promise<void>;
  signIn(logins: Logins, options?: Wait & { guestData?: GuestDataPolicy }): Promise<SignInReport>;
  planSignIn(logins: Logins, options?: Wait): Promise<GuestMergePlan>;
  undoGuestMerge(id: string): Promise<void>;
  signOut(options?: Wait & { unsynced?: "flush" | "keep" | "discard" }): Promise<SignOutReport>;
  readonly credentials: () => Promise<AwsCredentials>; // bound: new S3Client({ credentials: client.credentials })
  conflicts(): Promise<readonly ConflictRecord[]>; // open and settled, 30 days
  resolveConflict(id: string, resolution: Resolution<JsonValue>): Promise<void>;
  retryRejected(id: string): Promise<void>;
  discardRejected(id: string): Promise<void>;
  exportAll(options?: Wait): Promise<ExportFile>;
  importAll(file: unknown, options?: Wait): Promise<ImportReport>;
  eraseEverywhere(options?: Wait): Promise<EraseReport>;
  diagnose(options?: Wait): Promise<Diagnosis>; // walks identity pool, credentials, table, index, write, read, clock
  hint(dataset?: string): void; // something outside says that there is news: a web push, AppSync Events, IoT
  requestPersistence(): Promise<boolean>; // call it from a click: Firefox asks the user
  close(): Promise<void>;
}
/** Follows the client's identity. Taken with { identityId }: rejects identity-changed once that identity is neither current nor merged into the current one. */
export interface Dataset<T> extends Live<DatasetSnapshot<T>> {
  readonly name: string;
  readonly status: Live<DatasetStatus>;
  readonly subscribe: (listener: (change: DatasetChange<T>) => void) => () => void;
  get(key: string): Promise<T | undefined>;
  getAll(options?: { prefix?: string; after?: string; limit?: number }): Promise<Map<string, T>>; // key order; does not load the rest
  put(key: string, value: T): Promise<void>; // the value is copied
  bulkPut(entries: Iterable<readonly [key: string, value: T]>): Promise<void>;
  update(key: string, recipe: (draft: Draft<T>) => void | T | Draft<T>, options?: { initial: T }): Promise<T>; // not-found only without initial
  remove(key: string): Promise<T | undefined>; // what was there: undo is put(key, it)
  transaction<R>(write: (tx: DatasetWriter<T>) => R | Promise<R>): Promise<R>; // await nothing but tx in it
  record(key: string): Live<RecordSnapshot<T | undefined>>;
  query(options?: QueryOptions<T>): Live<QuerySnapshot<T>>; // kept up by the changed keys alone
  whenSynced(options?: Wait & { key?: string }): Promise<void>; // the writes made before the call; rejects if one is rejected or in open conflict
  synchronize(options?: Wait): Promise<DatasetReport>;
  verify(options?: Wait): Promise<VerifyReport>;
  deleteEverywhere(): Promise<void>;
}
export interface DatasetWriter<T> {
  get(key: string): Promise<T | undefined>;
  put(key: string, value: T): void;
  remove(key: string): void;
  update(key: string, recipe: (draft: Draft<T>) => void | T | Draft<T>, options?: { initial: T }): Promise<T>;
}
/** partial: what this device has; the cloud's dataset was never here as a whole, so "empty" proves nothing. */
export type LoadState = "loading" | "partial" | "complete";
export interface DatasetSnapshot<T> {
  readonly state: LoadState;
  readonly records: ReadonlyMap<string, T>;
}
export interface DatasetStatus {
  readonly state: SyncStatus["state"];
  readonly pending: number;
  readonly pulled: number;
  readonly total: number | null;
  readonly lastSyncedAt: number | null;
  readonly error: SyncErrorInfo | null;
}
export type DatasetChange<T> =
  | { type: "reset" }
  | {
      type: "changed";
      origin: "here" | "tab" | "cloud";
      keys: ReadonlySet<string>;
      conflicts: readonly ConflictRecord<T>[];
    };
export interface RecordSnapshot<V> {
  readonly key: string;
  readonly value: V;
  readonly modifiedAt: number | null;
  readonly syncCount: number;
  readonly syncState: "loading" | "synced" | "pending" | "sending" | "conflict" | "rejected";
  readonly error: SyncErrorInfo | null;
}
export interface QueryOptions<T> {
  readonly prefix?: string;
  readonly where?: (value: T, key: string) => boolean;
  readonly sort?: (a: RecordSnapshot<T>, b: RecordSnapshot<T>) => number;
  readonly offset?: number;
  readonly limit?: number;
}
export interface QuerySnapshot<T> {
  readonly state: LoadState;
  readonly rows: readonly RecordSnapshot<T>[];
  readonly total: number;
}
/** saved: every acknowledged write is in the cloud, proved. saving: under way. waiting: durable here, cannot go now (error says why). attention: see problems. */
export interface SyncStatus {
  readonly state: "loading" | "saved" | "saving" | "waiting" | "attention";
  readonly error: SyncErrorInfo | null;
  readonly recoverable: boolean; // false for guest and unknown: only this browser can reach the data
  readonly unwritten: number; // put() called, not yet durable: the beforeunload question
  readonly pending: number;
  readonly rejected: number;
  readonly conflicts: number;
  readonly online: boolean;
  readonly phase: "idle" | "signing-in" | "pulling" | "pushing" | "backing-off";
  readonly lastSyncedAt: number | null;
  readonly storage: { persisted: boolean; usedBytes: number; quotaBytes: number } | null;
}
export interface UsageByPurpose {
  readonly push: Usage;
  readonly pull: Usage;
  readonly poll: Usage;
  readonly verify: Usage;
}
/** Since the client was created. overBudget: polling has slowed down. */
export interface ClientUsage extends Usage {
  readonly byDataset: Readonly<Record<string, Usage>>;
  readonly byPurpose: UsageByPurpose;
  readonly overBudget: boolean;
}
export interface Diagnosis {
  readonly steps: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly error: SyncErrorInfo | null;
    readonly remedy: string | null;
  }[];
}
export interface Usage {
  readonly requests: number;
  readonly readUnits: number;
  readonly writeUnits: number;
}
export interface IdentitySnapshot {
  readonly identityId: string | null;
  readonly kind: "loading" | "unknown" | "guest" | "authenticated";
  readonly logins: readonly string[];
  readonly needsSignIn: boolean;
}
export type Problem =
  | ({ type: "conflict" } & ConflictRecord)
  | {
      type: "rejected";
      id: string;
      dataset: string;
      key: string;
      value: JsonValue | undefined;
      error: SyncErrorInfo;
      at: number;
    }
  | { type: "unreadable"; dataset: string; keys: readonly string[]; error: SyncErrorInfo }
  | { type: "blocked"; dataset: string | null; error: SyncErrorInfo }
  | { type: "storage"; error: SyncErrorInfo };
export type SyncOutcome = "synced" | "incomplete" | "offline" | "blocked";
export interface DatasetReport extends Usage {
  readonly dataset: string;
  readonly outcome: SyncOutcome;
  readonly error: SyncErrorInfo | null;
  readonly verified: boolean;
  readonly pulled: number;
  readonly pushed: number;
  readonly merged: number;
  readonly conflicts: readonly ConflictRecord[];
}
export interface SyncReport extends Usage {
  readonly outcome: SyncOutcome;
  readonly datasets: readonly DatasetReport[];
}
export interface DatasetSummary {
  readonly name: string;
  readonly local: boolean;
  readonly records: number;
  readonly pending: number;
  readonly lastSyncedAt: number | null;
}
export type Logins = Readonly<Record<string, string>>;
export type GuestDataChoice = "merge" | "keep-user" | "keep-guest" | "copy";
export type GuestDataPolicy =
  GuestDataChoice | { default?: GuestDataChoice; datasets: Readonly<Record<string, GuestDataChoice>> };
export interface SignInReport {
  readonly identityId: string;
  readonly guestMergeId: string | null;
  readonly conflicts: number;
}
export interface GuestMergePlan {
  readonly identityId: string;
  readonly datasets: readonly {
    readonly name: string;
    readonly guestRecords: number;
    readonly userRecords: number;
    readonly clashes: readonly { key: string; guest: JsonValue; user: JsonValue; result: JsonValue | undefined }[];
  }[];
}
export type SignOutReport =
  | { outcome: "signed-out"; kept: number; discarded: number }
  | { outcome: "still-signed-in"; unsynced: number; error: SyncErrorInfo };
export interface AwsCredentials {
  readonly identityId: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}
export interface ExportFile {
  readonly format: number;
  readonly datasets: readonly JsonValue[];
  readonly digest: string;
}
export interface ImportReport {
  readonly imported: number;
  readonly skipped: number;
  readonly conflicts: number;
}
export interface EraseReport {
  readonly datasets: readonly string[];
  readonly records: number;
  readonly complete: boolean;
}
export interface VerifyReport {
  readonly equal: boolean;
  readonly differing: readonly string[];
  readonly repaired: number;
}
export interface Cloud {
  readonly id: string;
}
export interface LocalStore {
  readonly kind: string;
}
export interface Runtime {
  readonly now: () => number;
} // ports, opaque to apps
