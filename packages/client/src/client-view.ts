// What the client shows of itself: identity, status, problems. It is computed anew whenever a part says that it changed,
// and the app is told only where something did.
import { isRetryable, type ConflictRecord, type SyncErrorInfo } from "@holdfast/core";
import type { DatasetStatus, IdentitySnapshot, Live, Problem, SyncStatus } from "./api.ts";
import type { CurrentVault } from "./current-vault.ts";
import type { IdentityVault } from "./identity-vault.ts";
import { LiveValue } from "./live.ts";
import type { OpenDataset } from "./open-dataset.ts";
import { problemsOf } from "./problem-list.ts";
import type { RuntimeImplementation } from "./runtime.ts";
import { clientStatus, datasetStatus, type Circumstances } from "./sync-status.ts";
import type { SyncRunner } from "./sync-runner.ts";

const loadingIdentity: IdentitySnapshot = { identityId: null, kind: "loading", logins: [], needsSignIn: false };

const loadingStatus: SyncStatus = {
  ...{ state: "loading", error: null, recoverable: false, unwritten: 0, pending: 0, rejected: 0, conflicts: 0 },
  ...{ online: true, phase: "idle", lastSyncedAt: null, storage: null },
} as const;

const noLogins: readonly string[] = Object.freeze([]);

export interface ClientViewOptions {
  readonly current: CurrentVault;
  readonly runner: SyncRunner;
  readonly runtime: RuntimeImplementation;
  /** Whether syncs are started without being asked for. */
  readonly isAutomatic: boolean;
  /** An app's write is durable and waits to go up. */
  readonly onWritten: () => void;
}

export class ClientView {
  readonly identity = new LiveValue<IdentitySnapshot>(loadingIdentity);
  readonly status = new LiveValue<SyncStatus>(loadingStatus);
  readonly problems = new LiveValue<readonly Problem[]>([]);
  readonly #options: ClientViewOptions;
  readonly #datasetStatus = new WeakMap<OpenDataset, LiveValue<DatasetStatus>>();
  readonly #watched = new WeakSet<IdentityVault>();
  #openConflicts: readonly ConflictRecord[] = [];
  /** The problems as they were told last. */
  #toldProblems = "[]";
  #storage: SyncStatus["storage"] = null;

  constructor(options: ClientViewOptions) {
    this.#options = options;
  }

  statusOf(dataset: OpenDataset): Live<DatasetStatus> {
    let live = this.#datasetStatus.get(dataset);
    if (!live) {
      live = new LiveValue(datasetStatus(dataset, this.#circumstances()));
      this.#datasetStatus.set(dataset, live);
    }
    return live;
  }

  /** Another vault is current, or its identity has become known. */
  switchTo(vault: IdentityVault | null): void {
    if (vault && !this.#watched.has(vault)) this.#watch(vault);
    this.refresh();
  }

  refresh(): void {
    const { current } = this.#options;
    const vault = current.opened;
    const circumstances = this.#circumstances();
    if (!vault) {
      const { error, online } = circumstances;
      this.status.set({ ...this.status.getSnapshot(), error, online });
      if (current.error) this.#tellProblems(problemsOf([], [], { storage: current.error, run: null }));
      return;
    }
    const { datasets, identity, unwritten } = vault;
    for (const dataset of datasets) this.#datasetStatus.get(dataset)?.set(datasetStatus(dataset, circumstances));
    this.status.set(clientStatus(datasets, identity, unwritten, this.#storage, circumstances));
    const { state, error } = this.status.getSnapshot();
    this.identity.set({
      identityId: identity?.identityId ?? null,
      kind: identity?.kind ?? "unknown",
      logins: identity?.logins ?? noLogins,
      needsSignIn: error?.code === "not-signed-in" || error?.code === "credentials-expired",
    });
    if (state === "attention" || current.error !== null || this.problems.getSnapshot().length > 0) {
      const errors = { storage: current.error, run: circumstances.blocked };
      this.#tellProblems(problemsOf(datasets, this.#openConflicts, errors));
    }
  }

  /** The list is made anew each time; it is another one only where it says something else. */
  #tellProblems(problems: readonly Problem[]): void {
    const told = JSON.stringify(problems);
    if (told === this.#toldProblems) return;
    this.#toldProblems = told;
    this.problems.set(problems);
  }

  async readStorage(): Promise<void> {
    const storage = await this.#options.runtime.storage().catch(() => null);
    const { persisted, usedBytes, quotaBytes } = this.#storage ?? {};
    const isSame =
      storage?.persisted === persisted && storage?.usedBytes === usedBytes && storage?.quotaBytes === quotaBytes;
    if (isSame) return;
    this.#storage = storage && Object.freeze(storage);
    this.refresh();
  }

  #watch(vault: IdentityVault): void {
    this.#watched.add(vault);
    vault.changes.add((dataset, update) => {
      if (vault !== this.#options.current.opened) return;
      const isWaiting = dataset.replica.outbox > 0 && dataset.declaration.sync === "auto";
      if (update?.origin === "here" && isWaiting) this.#options.onWritten();
      if (update && (update.conflicts.length > 0 || update.origin === "tab")) void this.#readConflicts(vault);
      this.refresh();
    });
    this.#openConflicts = [];
    void this.#readConflicts(vault);
  }

  async #readConflicts(vault: IdentityVault): Promise<void> {
    const found = await vault.conflicts().catch(() => null);
    if (found === null || vault !== this.#options.current.opened) return;
    this.#openConflicts = found.filter(({ state }) => state === "open");
    this.refresh();
  }

  #circumstances(): Circumstances {
    const { current, runner, runtime, isAutomatic } = this.#options;
    const online = runtime.online();
    const error: SyncErrorInfo | null = current.error ?? runner.error;
    return {
      ...{ online, phase: runner.phase, isRunning: runner.isRunning, isAutomatic: isAutomatic && online, error },
      isMoving: current.isMoving,
      blocked: runner.error && needsDeveloper(runner.error.code) ? runner.error : null,
    };
  }
}

/** What neither another try nor a sign-in mends. */
const needsDeveloper = (code: SyncErrorInfo["code"]): boolean =>
  !isRetryable(code) && code !== "not-signed-in" && code !== "closed" && code !== "aborted";
