// Runs of the sync: who we are, which datasets have something to do, then one after the other. One run at a time in this
// client, and one tab at a time for each vault; calls that come before a run has begun share it.
import {
  errorToInfo,
  formatVersion,
  isRetryable,
  isSyncError,
  parseCommitId,
  SyncError,
  type CommitId,
  type DatasetName,
  type Head,
  type IdentityId,
  type RecordKey,
  type SyncErrorInfo,
  type Start,
} from "@holdfast/core";
import type { AwsCredentials, DatasetReport, Logins, SyncOutcome, SyncReport, SyncStatus, Usage } from "./api.ts";
import type { CloudLink } from "./cloud-link.ts";
import type { CloudSession, SignedIn } from "./cloud.ts";
import type { CurrentVault } from "./current-vault.ts";
import { syncDataset } from "./dataset-sync.ts";
import type { IdentityVault } from "./identity-vault.ts";
import { Listeners } from "./live.ts";
import type { OpenDataset } from "./open-dataset.ts";
import { randomId } from "./random-id.ts";
import type { Cost, DatasetHead, RemoteStore } from "./remote-store.ts";
import { retrying } from "./retrying.ts";
import type { RuntimeImplementation } from "./runtime.ts";
import type { UsageMeter } from "./usage-meter.ts";

/** What a run is for. */
export type Purpose =
  /** Everything that is not declared `sync: "never"`. */
  | { readonly type: "all" }
  /** Everything that is declared `sync: "auto"`. */
  | { readonly type: "auto" }
  | { readonly type: "dataset" | "verify" | "delete"; readonly dataset: DatasetName };

export interface RunResult {
  readonly report: SyncReport;
  /** Keys whose local copy was not what the cloud holds under the same version. */
  readonly repaired: readonly RecordKey[];
}

export interface SyncRunnerOptions {
  readonly current: CurrentVault;
  readonly link: CloudLink;
  readonly runtime: RuntimeImplementation;
  readonly usage: UsageMeter;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: () => number;
}

export class SyncRunner {
  readonly changed = new Listeners();
  readonly #options: SyncRunnerOptions;
  readonly #stop = new AbortController();
  readonly #waiting = new Map<string, Promise<RunResult>>();
  #last: Promise<unknown> = Promise.resolve();
  #running = 0;
  #phase: SyncStatus["phase"] = "idle";
  #error: SyncErrorInfo | null = null;

  constructor(options: SyncRunnerOptions) {
    this.#options = options;
  }

  get phase(): SyncStatus["phase"] {
    return this.#phase;
  }

  get isRunning(): boolean {
    return this.#running > 0;
  }

  /** Why the last run could not even begin; null after one that could. */
  get error(): SyncErrorInfo | null {
    return this.#error;
  }

  /** What can't be reached or done is in the report. @throws SyncError `closed`, and what opening throws */
  run(purpose: Purpose): Promise<RunResult> {
    const name =
      purpose.type === "all" || purpose.type === "auto" ? purpose.type : `${purpose.type} ${purpose.dataset}`;
    const waiting = this.#waiting.get(name);
    if (waiting) return waiting;
    this.#running += 1;
    const run = this.#last
      .then(() => {
        this.#waiting.delete(name);
        return this.#run(purpose);
      })
      .finally(() => {
        this.#running -= 1;
        this.#setPhase("idle");
      });
    this.#waiting.set(name, run);
    this.#last = run.catch(() => {});
    this.changed.call();
    return run;
  }

  /** The credentials of the current identity; a guest is made where there is none yet. */
  async identified(
    create: boolean,
  ): Promise<{ session: CloudSession; vault: IdentityVault; identity: SignedIn | null }> {
    const { current, link, runtime } = this.#options;
    let vault = await current.open();
    const session = await link.connect(current.clockOffsetMs);
    if (vault.identity) return { session, vault, identity: vault.identity };
    this.#setPhase("signing-in");
    // One guest, however many tabs start together.
    return runtime.withLock(`${current.prefix}/identity`, this.#stop.signal, async () => {
      vault = await current.follow();
      if (vault.identity) return { session, vault, identity: vault.identity };
      const { signal } = this.#stop;
      const who = { type: "current", known: null, create, askLogins: !current.isSignedOut } as const;
      const identity = await retrying(() => session.identify(who, signal), { runtime, signal });
      if (identity) await current.become(identity);
      return { session, vault: await current.open(), identity };
    });
  }

  /** The current identity's; a guest is made where there is none yet. */
  async credentials(): Promise<AwsCredentials> {
    const { current, link } = this.#options;
    const { identity: known } = await current.open();
    const { signal } = this.#stop;
    if (known) return (await link.connect(current.clockOffsetMs)).credentials(known, signal);
    const { session, identity } = await this.exclusively(() => this.identified(true));
    if (identity === null) throw notSignedIn();
    return session.credentials(identity, signal);
  }

  /** `guest`: the identity whose data the user brings along. */
  signIn(logins: Logins, guest: IdentityId | null): Promise<{ identityId: IdentityId; conflicts: number }> {
    const { current, link, runtime } = this.#options;
    const { signal } = this.#stop;
    return this.exclusively(async () => {
      await current.open();
      this.#setPhase("signing-in");
      const session = await link.connect(current.clockOffsetMs);
      return runtime.withLock(`${current.prefix}/identity`, signal, async () => {
        await current.follow();
        const identity = await session.identify({ type: "logins", logins, guest }, signal);
        if (identity === null) throw notSignedIn();
        const conflicts = await current.become(identity);
        this.#error = null;
        return { identityId: identity.identityId, conflicts };
      });
    });
  }

  /** Heads of the identity's datasets; none where the cloud can't be reached now. */
  async remoteHeads(): Promise<readonly DatasetHead[]> {
    const { current, link, runtime, usage } = this.#options;
    const { identity } = await current.open();
    if (identity === null || !runtime.online()) return [];
    const { signal } = this.#stop;
    try {
      const session = await link.connect(current.clockOffsetMs);
      return await readHeads(session.remoteStore(identity), { runtime, signal }, (cost) =>
        usage.count(null, "poll", cost),
      );
    } catch (error) {
      if (isSyncError(error) && isRetryable(error.code)) return [];
      throw error;
    }
  }

  /** While no sync runs. */
  exclusively<R>(work: () => Promise<R>): Promise<R> {
    const done = this.#last.then(work).finally(() => this.#setPhase("idle"));
    this.#last = done.catch(() => {});
    return done;
  }

  async close(): Promise<void> {
    this.#stop.abort(new SyncError({ code: "closed", message: "The client was closed." }));
    await this.#last;
  }

  async #run(purpose: Purpose): Promise<RunResult> {
    const { current, runtime } = this.#options;
    const { signal } = this.#stop;
    signal.throwIfAborted();
    const before = await current.open();
    await before.settled();
    if (current.hasUnfinishedMoves) await current.finishMoves();
    const hasWrites = this.#chosen(before, purpose).some(({ replica }) => replica.outbox > 0);
    let result: RunResult;
    try {
      const { session, vault, identity } = await this.identified(hasWrites);
      if (identity === null) {
        if (hasWrites) throw notSignedIn();
        result = this.#untouched(vault, purpose, null);
      } else {
        const remote = session.remoteStore(identity);
        result = await runtime.withLock(`${vault.name}/sync`, signal, () => this.#sync(vault, remote, purpose));
      }
      this.#error = null;
    } catch (error) {
      signal.throwIfAborted();
      this.#error = errorToInfo(error);
      result = this.#untouched(current.opened ?? before, purpose, this.#error);
    }
    const offset = this.#options.link.clockOffsetMs;
    // It is measured anew with the next answer; that it could not be stored changes nothing of what was synced.
    if (offset !== null) await current.rememberClock(offset).catch(() => {});
    return result;
  }

  #chosen(vault: IdentityVault, purpose: Purpose): readonly OpenDataset[] {
    const chosen = vault.datasets.filter(({ name, declaration }) => {
      switch (purpose.type) {
        case "all":
          return declaration.sync !== "never";
        case "auto":
          return declaration.sync === "auto";
        case "dataset":
        case "verify":
        case "delete":
          return name === purpose.dataset && declaration.sync !== "never";
      }
    });
    return chosen.toSorted((a, b) => b.declaration.priority - a.declaration.priority || (a.name < b.name ? -1 : 1));
  }

  async #sync(vault: IdentityVault, remote: RemoteStore, purpose: Purpose): Promise<RunResult> {
    const reports: DatasetReport[] = [];
    const repaired: RecordKey[] = [];
    const polled = { requests: 0, readUnits: 0, writeUnits: 0 };
    const chosen = this.#chosen(vault, purpose);
    await Promise.all(chosen.map(({ replica }) => replica.refreshUnheard()));
    const starts = await this.#starts(chosen, remote, purpose, polled);
    for (const dataset of chosen) {
      const start = starts.get(dataset.name) ?? "pulling";
      if (start === "nothing") {
        this.#settle(vault, dataset, null, false);
        reports.push(emptyReport(dataset.name, { outcome: "synced", verified: true }));
        continue;
      }
      const result = await this.#syncOne(vault, dataset, remote, { start, deletes: purpose.type === "delete" });
      reports.push(result.report);
      repaired.push(...result.repaired);
    }
    return { report: summed(reports, polled), repaired };
  }

  async #syncOne(
    vault: IdentityVault,
    dataset: OpenDataset,
    remote: RemoteStore,
    { start, deletes }: { readonly start: Start; readonly deletes: boolean },
  ) {
    const { runtime, usage, now } = this.#options;
    const { damaged, ...result } = await syncDataset(
      {
        replica: dataset.replica,
        replicaId: vault.replicaId,
        remote,
        runtime,
        resolver: dataset.declaration.resolver,
        values: dataset.values,
        now,
        newCommit: () => newCommit(runtime),
        signal: this.#stop.signal,
        deletes,
        onPhase: (phase) => this.#setPhase(phase),
        onProgress: (progress) => {
          dataset.progress = progress;
          vault.touch(dataset);
        },
        onCost: (purpose, cost) => usage.count(dataset.name, purpose, cost),
      },
      start,
    );
    dataset.damagedItems = damaged;
    const { error, outcome } = result.report;
    this.#settle(vault, dataset, error, outcome === "blocked");
    return result;
  }

  /** One query of all heads says which datasets have something to do; of a single one its own poll says it (S-7). */
  async #starts(
    chosen: readonly OpenDataset[],
    remote: RemoteStore,
    purpose: Purpose,
    polled: { requests: number; readUnits: number; writeUnits: number },
  ): Promise<ReadonlyMap<DatasetName, Start | "nothing">> {
    if (purpose.type === "verify") return new Map(chosen.map(({ name }) => [name, "comparing"]));
    if (chosen.length < 2) return new Map();
    const { runtime, usage } = this.#options;
    this.#setPhase("pulling");
    const found = await readHeads(remote, { runtime, signal: this.#stop.signal }, (cost) => {
      addCost(polled, cost);
      usage.count(null, "poll", cost);
    });
    const heads = new Map(found.map(({ dataset, head }) => [dataset, head]));
    return new Map(chosen.map((dataset) => [dataset.name, startOf(dataset, heads.get(dataset.name))]));
  }

  #untouched(vault: IdentityVault, purpose: Purpose, error: SyncErrorInfo | null): RunResult {
    const reports = this.#chosen(vault, purpose).map(({ name }) =>
      emptyReport(name, { outcome: outcomeOf(error), error }),
    );
    const outcome = outcomeOf(error);
    return { report: { ...summed(reports), ...(reports.length === 0 ? { outcome } : {}) }, repaired: [] };
  }

  #settle(vault: IdentityVault, dataset: OpenDataset, error: SyncErrorInfo | null, isBlocked: boolean): void {
    dataset.error = error;
    dataset.isBlocked = isBlocked;
    vault.touch(dataset);
  }

  #setPhase(phase: SyncStatus["phase"]): void {
    this.#phase = phase;
    this.changed.call();
  }
}

async function readHeads(
  remote: RemoteStore,
  { runtime, signal }: { readonly runtime: RuntimeImplementation; readonly signal: AbortSignal },
  onCost: (cost: Cost) => void,
): Promise<readonly DatasetHead[]> {
  const heads: DatasetHead[] = [];
  let cursor: unknown = null;
  do {
    const page = await retrying(() => remote.headsPage({ cursor, signal }), { runtime, signal });
    heads.push(...page.heads);
    onCost(page.cost);
    cursor = page.cursor;
  } while (cursor !== null);
  return heads;
}

/** `head` undefined: the query of all heads returned none; null: one that can't be read. */
function startOf({ replica }: OpenDataset, head: Head | null | undefined): Start | "nothing" {
  const { checkpoint, attempt } = replica.state;
  if (checkpoint === null || head === null || (head?.format ?? 0) > formatVersion) return "pulling";
  const isSame = (head?.commit ?? null) === checkpoint.commit && (head?.syncCount ?? 0) === checkpoint.syncCount;
  if (!isSame || attempt !== null) return "pulling";
  return replica.outbox > 0 ? "planning" : "nothing";
}

const newCommit = (runtime: RuntimeImplementation): CommitId => parseCommitId(randomId(runtime, 16));

/** Of one dataset; of one that is never synced, an empty one. */
export const reportOf = (report: SyncReport, name: DatasetName): DatasetReport =>
  report.datasets.find(({ dataset }) => dataset === name) ?? emptyReport(name, {});

function emptyReport(dataset: string, given: Partial<DatasetReport>): DatasetReport {
  return {
    ...{ dataset, outcome: "synced", error: null, verified: false, pulled: 0, pushed: 0, merged: 0, conflicts: [] },
    ...{ requests: 0, readUnits: 0, writeUnits: 0 },
    ...given,
  };
}

function outcomeOf(error: SyncErrorInfo | null): SyncOutcome {
  if (error === null) return "synced";
  if (error.code === "offline") return "offline";
  return isRetryable(error.code) ? "incomplete" : "blocked";
}

/** The worst outcome is the whole's. */
function summed(datasets: readonly DatasetReport[], polled: Usage = { requests: 0, readUnits: 0, writeUnits: 0 }) {
  const outcomes = ["blocked", "offline", "incomplete", "synced"] as const;
  const total = { ...polled };
  for (const report of datasets) addCost(total, report);
  const outcome = outcomes.find((worst) => datasets.some((report) => report.outcome === worst)) ?? "synced";
  return { outcome, datasets, ...total };
}

function addCost(total: { requests: number; readUnits: number; writeUnits: number }, cost: Cost): void {
  total.requests += cost.requests;
  total.readUnits += cost.readUnits;
  total.writeUnits += cost.writeUnits;
}

const notSignedIn = (): SyncError =>
  new SyncError({
    code: "not-signed-in",
    message: "Nobody is signed in, and this app takes no guests. Everything stays on this device; sign in to go on.",
  });
