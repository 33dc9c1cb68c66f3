// The client as an app holds it. It joins the parts: whose vault is open, the runs of the sync, what starts them, and
// what is shown of it all.
import {
  parseDatasetName,
  parseDeclaredName,
  parseIdentityId,
  parseRecordKey,
  SyncError,
  type ConflictRecord,
  type DatasetName,
  type IdentityId,
  type JsonValue,
  type Resolution,
} from "@holdfast/core";
import type {
  AutoSyncOptions,
  AwsCredentials,
  ClientUsage,
  Dataset,
  DatasetSummary,
  Definitions,
  Diagnosis,
  EraseReport,
  ExportFile,
  GuestDataPolicy,
  GuestMergePlan,
  IdentitySnapshot,
  ImportReport,
  Live,
  Logins,
  Problem,
  SignInReport,
  SignOutReport,
  SyncClient,
  SyncReport,
  SyncStatus,
  VerifyReport,
  Wait,
} from "./api.ts";
import { AutoSync } from "./auto-sync.ts";
import { browserRuntime } from "./browser-runtime.ts";
import { ClientView } from "./client-view.ts";
import { CloudLink } from "./cloud-link.ts";
import { discardRejected, resolveConflict, retryRejected } from "./conflict-actions.ts";
import type { SyncClientOptions } from "./create-sync-client.ts";
import { closed, CurrentVault } from "./current-vault.ts";
import { DatasetHandle, type DatasetHost } from "./dataset-handle.ts";
import { listDatasets } from "./dataset-list.ts";
import { Declarations } from "./declarations.ts";
import { dexieLocalStore } from "./dexie/dexie-local-store.ts";
import { Listeners, type LiveValue } from "./live.ts";
import type { IdentityVault } from "./identity-vault.ts";
import { notBuilt } from "./not-built.ts";
import type { OpenDataset } from "./open-dataset.ts";
import { asCloud, asRuntime, asStorage } from "./ports.ts";
import type { RuntimeImplementation } from "./runtime.ts";
import { leaveIdentity, type Unsynced } from "./sign-out.ts";
import { reportOf, SyncRunner, type Purpose } from "./sync-runner.ts";
import { UsageMeter } from "./usage-meter.ts";
import { ValueReader } from "./value-reader.ts";
import { withSignal } from "./waiting.ts";
import { whenSynced, type WhenSynced } from "./when-synced.ts";

export class HoldfastClient<D extends Definitions> implements SyncClient<D> {
  readonly identity: Live<IdentitySnapshot>;
  readonly status: Live<SyncStatus>;
  readonly usage: Live<ClientUsage>;
  readonly problems: Live<readonly Problem[]>;
  readonly #runtime: RuntimeImplementation;
  readonly #declarations: Declarations;
  readonly #current: CurrentVault;
  readonly #link: CloudLink;
  readonly #runner: SyncRunner;
  readonly #autoSync: AutoSyncOptions | null;
  readonly #view: ClientView;
  readonly #switched = new Listeners();
  readonly #handles = new Map<string, DatasetHandle<JsonValue>>();
  /** null before the client is open: it listens to the environment. */
  #auto: AutoSync | null = null;
  #opening: Promise<void> | null = null;
  #stopListening: () => void = () => {};
  #isClosed = false;
  #closing: Promise<void> | null = null;
  /** Calls that came before the vault was open, in their order. */
  #waiting: { readonly go: () => void; readonly fail: (error: unknown) => void }[] = [];

  constructor(options: SyncClientOptions<D>) {
    const { databaseName = "holdfast", durability = "relaxed", autoSync = true } = options;
    const cloud = asCloud(options.cloud);
    this.#runtime = options.runtime ? asRuntime(options.runtime) : browserRuntime();
    this.#declarations = new Declarations(options.datasets, options.resolver);
    this.#link = new CloudLink(cloud, this.#runtime);
    this.#current = new CurrentVault({
      ...{ databaseName, cloudId: cloud.id, durability, runtime: this.#runtime, declarations: this.#declarations },
      storage: options.storage ? asStorage(options.storage) : dexieLocalStore(),
      now: () => this.#now(),
      onElsewhere: () => this.#follow(),
    });
    const usage = new UsageMeter(options.monthlyBudget);
    this.#runner = new SyncRunner({
      ...{ current: this.#current, link: this.#link, runtime: this.#runtime, usage },
      now: () => this.#now(),
    });
    this.#autoSync = autoSync === false ? null : autoSync === true ? {} : autoSync;
    this.#view = new ClientView({
      ...{ current: this.#current, runner: this.#runner, runtime: this.#runtime },
      isAutomatic: this.#autoSync !== null,
      onWritten: () => this.#auto?.ask(),
    });
    this.identity = this.#opensWhenWatched(this.#view.identity);
    this.status = this.#opensWhenWatched(this.#view.status);
    this.problems = this.#opensWhenWatched(this.#view.problems);
    this.usage = usage.live;
    this.#current.switched.add(() => this.#onSwitch());
    this.#runner.changed.add(() => this.#view.refresh());
  }

  get opened(): Promise<void> {
    if (this.#isClosed) return Promise.reject(closed());
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = null;
      for (const { fail } of this.#waiting.splice(0)) fail(error);
      throw error;
    });
    return this.#opening;
  }

  // The overloads of the interface say which names and types there are; at run time a name is a name.
  // oxlint-disable-next-line typescript/no-explicit-any
  dataset(name: string, options: { identityId?: string } = {}): Dataset<any> {
    const parsed = parseDeclaredName(name);
    const pinned = options.identityId === undefined ? null : parseIdentityId(options.identityId);
    const cacheKey = pinned === null ? parsed : `${parsed} ${pinned}`;
    const known = this.#handles.get(cacheKey);
    if (known) return known;
    const handle = new DatasetHandle<JsonValue>(parsed, this.#hostOf(parsed, pinned));
    this.#handles.set(cacheKey, handle);
    this.#current.opened?.dataset(parsed);
    return handle;
  }

  async datasets({ signal }: Wait = {}): Promise<readonly DatasetSummary[]> {
    const vault = await this.#vault();
    await vault.settled();
    return listDatasets(vault, await withSignal(() => this.#runner.remoteHeads(), signal));
  }

  synchronize({ signal }: Wait = {}): Promise<SyncReport> {
    return withSignal(async () => {
      await this.opened;
      return (await this.#run({ type: "all" })).report;
    }, signal);
  }

  whenSynced({ signal }: Wait = {}): Promise<void> {
    return withSignal(async () => {
      const { datasets } = await this.#vault();
      await Promise.all(datasets.map((dataset) => this.#whenSynced(dataset, { key: null, signal })));
    }, signal);
  }

  async signIn(logins: Logins, options: Wait & { guestData?: GuestDataPolicy } = {}): Promise<SignInReport> {
    const { guestData = "merge", signal } = options;
    if (guestData !== "merge") throw notBuilt('guestData other than "merge"');
    return withSignal(async () => {
      await this.opened;
      return this.#signIn(logins);
    }, signal);
  }

  async planSignIn(): Promise<GuestMergePlan> {
    throw notBuilt("planSignIn()");
  }

  async undoGuestMerge(): Promise<void> {
    throw notBuilt("undoGuestMerge()");
  }

  signOut(options: Wait & { unsynced?: Unsynced } = {}): Promise<SignOutReport> {
    return withSignal(async () => {
      await this.opened;
      return this.#signOut(options.unsynced ?? "flush");
    }, options.signal);
  }

  readonly credentials = async (): Promise<AwsCredentials> => {
    await this.opened;
    return this.#runner.credentials();
  };

  async conflicts(): Promise<readonly ConflictRecord[]> {
    return (await this.#vault()).conflicts();
  }

  async resolveConflict(id: string, resolution: Resolution<JsonValue>): Promise<void> {
    await resolveConflict(await this.#vault(), id, resolution, this.#now());
    this.#auto?.ask();
  }

  async retryRejected(id: string): Promise<void> {
    await retryRejected(await this.#vault(), id);
    this.#auto?.ask();
  }

  async discardRejected(id: string): Promise<void> {
    await discardRejected(await this.#vault(), id, this.#now());
    this.#auto?.ask();
  }

  async exportAll(): Promise<ExportFile> {
    throw notBuilt("exportAll()");
  }

  async importAll(): Promise<ImportReport> {
    throw notBuilt("importAll()");
  }

  async eraseEverywhere(): Promise<EraseReport> {
    throw notBuilt("eraseEverywhere()");
  }

  async diagnose(): Promise<Diagnosis> {
    throw notBuilt("diagnose()");
  }

  hint(dataset?: string): void {
    if (dataset !== undefined) parseDatasetName(dataset);
    if (this.#auto) this.#auto.ask();
    else void this.#run({ type: "auto" }).catch(() => {});
  }

  requestPersistence(): Promise<boolean> {
    return this.#runtime.requestPersistence();
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    this.#auto?.close();
    this.#stopListening();
    await this.#runner.close();
    await this.#current.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #open(): Promise<void> {
    this.#stopListening();
    this.#stopListening = this.#runtime.onChange(() => this.#view.refresh());
    await this.#current.open();
    void this.#view.readStorage();
    if (this.#autoSync && !this.#isClosed) {
      const host = {
        runtime: this.#runtime,
        sync: () => this.#syncByItself(),
        isOverBudget: () => this.usage.getSnapshot().overBudget,
      };
      this.#auto ??= new AutoSync(host, this.#autoSync);
      this.#auto.start();
    }
  }

  async #vault(): Promise<IdentityVault> {
    await this.opened;
    return this.#current.open();
  }

  #now(): number {
    return this.#runtime.now() + (this.#link.clockOffsetMs ?? this.#current.clockOffsetMs);
  }

  async #run(purpose: Purpose) {
    const result = await this.#runner.run(purpose);
    void this.#view.readStorage();
    return result;
  }

  async #signIn(logins: Logins): Promise<SignInReport> {
    const guest = await this.#flushedGuest();
    const { identityId, conflicts } = await this.#runner.signIn(logins, guest);
    this.#auto?.start();
    return { identityId, guestMergeId: null, conflicts };
  }

  /** What the guest has in the cloud is pulled before Cognito may disable the guest; null: nobody, or nothing to bring. */
  async #flushedGuest(): Promise<IdentityId | null> {
    const vault = await this.#current.open();
    if (vault.identity?.kind !== "guest") return null;
    const { report } = await this.#run({ type: "all" });
    const failed = report.datasets.find(({ outcome }) => outcome !== "synced");
    if (failed?.error) throw new SyncError(failed.error);
    return vault.identity.identityId;
  }

  async #signOut(unsynced: Unsynced): Promise<SignOutReport> {
    if (unsynced === "flush") await this.#run({ type: "all" });
    return this.#runner.exclusively(async () => {
      const report = await leaveIdentity(this.#current, unsynced, this.#view.status.getSnapshot().error);
      if (report.outcome === "signed-out") this.#link.forget();
      return report;
    });
  }

  #whenSynced(dataset: OpenDataset, options: WhenSynced): Promise<void> {
    return whenSynced(dataset, options, () => {
      void this.#run({ type: "dataset", dataset: dataset.name }).catch(() => {});
    });
  }

  #hostOf(name: DatasetName, pinned: IdentityId | null): DatasetHost {
    const reader = new ValueReader(this.#declarations.of(name));
    const isShown = (): boolean => pinned === null || this.#current.isCurrent(pinned);
    const current = (): OpenDataset | null => {
      if (!this.#current.opened && !this.#isClosed) void this.opened.catch(() => {});
      return this.#current.opened && !this.#isClosed && isShown() ? this.#current.opened.dataset(name) : null;
    };
    const use = <R>(work: (dataset: OpenDataset) => Promise<R>): Promise<R> => {
      if (this.#isClosed) return Promise.reject(closed());
      const dataset = current();
      if (dataset) return work(dataset);
      if (this.#current.opened) return Promise.reject(identityChanged(name));
      return new Promise((resolve, reject) => this.#waiting.push({ go: () => resolve(use(work)), fail: reject }));
    };
    return {
      current,
      onSwitch: this.#switched.add,
      check: (key, value) => {
        const parsed = parseRecordKey(key);
        return [parsed, reader.check(parsed, value)];
      },
      use,
      statusOf: (dataset) => this.#view.statusOf(dataset),
      whenSynced: (dataset, options) => this.#whenSynced(dataset, options),
      synchronize: async (dataset) =>
        reportOf((await this.#run({ type: "dataset", dataset: dataset.name })).report, name),
      deleteEverywhere: async (dataset) => {
        await dataset.queue.settled();
        if (dataset.declaration.sync === "never") return dataset.replica.clear();
        const { report } = await this.#run({ type: "delete", dataset: dataset.name });
        const { error } = reportOf(report, name);
        if (error) throw new SyncError(error);
      },
      verify: async (dataset): Promise<VerifyReport> => {
        const { report, repaired } = await this.#run({ type: "verify", dataset: dataset.name });
        const { error } = reportOf(report, name);
        if (error) throw new SyncError(error);
        return { equal: repaired.length === 0, differing: repaired, repaired: repaired.length };
      },
    };
  }

  async #syncByItself(): Promise<"news" | "quiet" | "failed"> {
    try {
      const { report } = await this.#run({ type: "auto" });
      if (report.outcome === "incomplete" || report.outcome === "offline") return "failed";
      return report.datasets.some(({ pulled, pushed }) => pulled + pushed > 0) ? "news" : "quiet";
    } catch {
      return "failed";
    }
  }

  #follow(): void {
    void this.#runner.exclusively(() => this.#current.follow()).catch(() => {});
  }

  /** Watching is a use: it opens the client. */
  #opensWhenWatched<S>(live: LiveValue<S>): Live<S> {
    const { getSnapshot, getServerSnapshot } = live;
    const subscribe = (listener: () => void): (() => void) => {
      if (!this.#isClosed) void this.opened.catch(() => {});
      return live.subscribe(listener);
    };
    return Object.freeze({ getSnapshot, getServerSnapshot, subscribe });
  }

  #onSwitch(): void {
    const vault = this.#current.opened;
    // Tokens of the one who has signed out, here or in another tab, are not kept for the next one.
    if (this.#current.isSignedOut) this.#link.forget();
    // First of all: what was called before it was open comes before what anybody does who hears that it is.
    if (vault) for (const { go } of this.#waiting.splice(0)) go();
    // What the app has a handle of is synced, also before it is read or written.
    for (const { name } of this.#handles.values()) vault?.dataset(name);
    this.#view.switchTo(vault);
    this.#switched.call();
  }
}

const identityChanged = (dataset: string): SyncError =>
  new SyncError({
    code: "identity-changed",
    message: `This handle of "${dataset}" belongs to an identity that is not signed in now. Nothing was read or written; take a new handle.`,
    dataset,
  });
