// One identity's data on this device, opened: its datasets, and the messages between the tabs that have it open.
import {
  conflictKeptMs,
  isDatasetName,
  isRecordKey,
  isReplicaId,
  parseDatasetName,
  SyncError,
  type ConflictRecord,
  type DatasetName,
  type RecordKey,
  type ReplicaId,
} from "@holdfast/core";
import type { SignedIn } from "./cloud.ts";
import { DatasetReplica, type TabMessage, type Update } from "./dataset-replica.ts";
import type { Declaration, Declarations } from "./declarations.ts";
import { Listeners } from "./live.ts";
import type { LocalStoreImplementation, Summary, Vault } from "./local-store.ts";
import { OpenDataset } from "./open-dataset.ts";
import { randomId } from "./random-id.ts";
import type { Channel, RuntimeImplementation } from "./runtime.ts";

export interface IdentityVaultOptions {
  readonly name: string;
  /** null: the unknown identity. */
  readonly identity: SignedIn | null;
  readonly storage: LocalStoreImplementation;
  readonly durability: "relaxed" | "strict";
  readonly runtime: RuntimeImplementation;
  readonly declarations: Declarations;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: () => number;
}

export class IdentityVault {
  readonly name: string;
  readonly replicaId: ReplicaId;
  readonly vault: Vault;
  /** Becomes known where the unknown identity's vault is adopted. */
  identity: SignedIn | null;
  /** Told of every change of a dataset, and of what is shown of it. */
  readonly changes = new Listeners<[OpenDataset, Update | null]>();
  readonly lost = new Listeners<["upgrade" | "closed"]>();
  readonly #options: IdentityVaultOptions;
  readonly #datasets = new Map<DatasetName, OpenDataset>();
  readonly #channel: Channel;
  #unwritten = 0;
  #isClosed = false;

  /** @throws SyncError `storage-unavailable`, `storage-full`, `upgrade-blocked`, `reload-needed` */
  static async open(options: IdentityVaultOptions): Promise<IdentityVault> {
    const vault = await options.storage.open(options.name, { durability: options.durability });
    const replicaId = await vault.updateMeta("replica", (known) =>
      isReplicaId(known) ? known : randomId(options.runtime, 6),
    );
    if (!isReplicaId(replicaId)) throw new Error("the replica id was just made");
    // Listening begins before reading: what another tab commits in between is heard, and read again.
    const early: unknown[] = [];
    let receive = (message: unknown): void => void early.push(message);
    const channel = options.runtime.channel(options.name, (message) => receive(message));
    const opened = new IdentityVault(options, { vault, replicaId, channel }, await vault.summaries());
    receive = (message) => opened.#receive(message);
    for (const message of early) receive(message);
    return opened;
  }

  private constructor(
    options: IdentityVaultOptions,
    { vault, replicaId, channel }: { vault: Vault; replicaId: ReplicaId; channel: Channel },
    summaries: readonly Summary[],
  ) {
    this.name = options.name;
    this.identity = options.identity;
    this.replicaId = replicaId;
    this.vault = vault;
    this.#options = options;
    for (const summary of summaries) this.#add(options.declarations.ofStored(summary.dataset), summary);
    for (const name of options.declarations.names) this.dataset(name);
    this.#channel = channel;
    vault.onLost((reason) => this.lost.call(reason));
  }

  /** Writes that were asked for and are not durable yet. */
  get unwritten(): number {
    return this.#unwritten;
  }

  get datasets(): readonly OpenDataset[] {
    return [...this.#datasets.values()];
  }

  /** @throws SyncError `invalid-name` where it is not declared */
  dataset(name: DatasetName): OpenDataset {
    return this.#datasets.get(name) ?? this.#add(this.#options.declarations.of(name), null);
  }

  /** One that may be here although it is no longer declared. */
  storedDataset(name: DatasetName): OpenDataset {
    return this.#datasets.get(name) ?? this.#add(this.#options.declarations.ofStored(name), null);
  }

  /** Those of the last 30 days. */
  async conflicts(): Promise<readonly ConflictRecord[]> {
    const oldest = this.#options.now() - conflictKeptMs;
    const kept = (await this.vault.conflicts()).filter(({ at, state }) => state === "open" || at > oldest);
    return kept.toSorted((a, b) => b.at - a.at);
  }

  /** When everything that was written before is durable or refused. */
  async settled(): Promise<void> {
    await Promise.all(this.datasets.map(({ queue }) => queue.settled()));
  }

  /** Something that is shown of a dataset has changed without a commit. */
  touch(dataset: OpenDataset): void {
    this.changes.call(dataset, null);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.settled();
    for (const dataset of this.datasets) dataset.end();
    this.#channel.close();
    await this.vault.close();
  }

  #add(declaration: Declaration, summary: Summary | null): OpenDataset {
    const replica = new DatasetReplica({
      name: declaration.name,
      vault: this.vault,
      announce: (message) => {
        if (!this.#isClosed) this.#channel.post(message);
      },
      neverSynced: declaration.sync === "never",
      summary,
    });
    const dataset: OpenDataset = new OpenDataset({
      declaration,
      replica,
      now: this.#options.now,
      onUnwritten: (change) => {
        this.#unwritten += change;
        this.touch(dataset);
      },
      onUnreadable: () => this.touch(dataset),
    });
    dataset.subscribe((_, update) => this.changes.call(dataset, update));
    this.#datasets.set(declaration.name, dataset);
    return dataset;
  }

  #receive(input: unknown): void {
    const message = parseTabMessage(input);
    if (!message || this.#isClosed) return;
    const dataset = this.storedDataset(message.dataset);
    dataset.replica.refresh(message.keys).catch((error: unknown) => {
      // What another tab wrote can't be read now: what is shown is old, and says so.
      if (this.#isClosed) return;
      dataset.error = error instanceof SyncError ? error.info : { code: "internal", message: String(error) };
      this.touch(dataset);
    });
  }
}

/** Another tab may run another version of the app. */
function parseTabMessage(input: unknown): TabMessage | null {
  if (typeof input !== "object" || input === null || !("dataset" in input) || !("keys" in input)) return null;
  const { dataset, keys } = input;
  if (!isDatasetName(dataset)) return null;
  const known: readonly RecordKey[] | null = Array.isArray(keys) && keys.every(isRecordKey) ? keys : null;
  return { dataset: parseDatasetName(dataset), keys: known };
}
