// Whose data the client shows: opens the vault of the last identity, and goes to another one on sign-in, on sign-out, and
// when another tab does. Nothing of one identity is visible after a switch, and nothing of it is lost.
import { isSyncError, SyncError, type SyncErrorInfo } from "@holdfast/core";
import type { SignedIn } from "./cloud.ts";
import type { Declarations } from "./declarations.ts";
import { IdentityVault } from "./identity-vault.ts";
import { Listeners } from "./live.ts";
import type { LocalStoreImplementation } from "./local-store.ts";
import { randomId } from "./random-id.ts";
import type { Channel, RuntimeImplementation } from "./runtime.ts";
import { moveRecords } from "./vault-adoption.ts";
import { VaultRegistry, type Registry } from "./vault-registry.ts";

export interface CurrentVaultOptions {
  readonly databaseName: string;
  readonly cloudId: string;
  readonly storage: LocalStoreImplementation;
  readonly durability: "relaxed" | "strict";
  readonly runtime: RuntimeImplementation;
  readonly declarations: Declarations;
  /** Milliseconds since 1970, skew-corrected. */
  readonly now: () => number;
  /** Another tab has signed in or out: call `follow` when nothing else is under way. */
  readonly onElsewhere: () => void;
}

export class CurrentVault {
  /** Prefix of every database, lock and channel of this app and cloud. */
  readonly prefix: string;
  /** Told after each switch, and with the reason where the storage is gone. */
  readonly switched = new Listeners();
  readonly #options: CurrentVaultOptions;
  #opening: Promise<IdentityVault> | null = null;
  #registry: VaultRegistry | null = null;
  #channel: Channel | null = null;
  #vault: IdentityVault | null = null;
  #clockOffsetMs = 0;
  #isSignedOut = false;
  #moveFailed = false;
  #isMoving = false;
  #merged: ReadonlyMap<string, string> = new Map();
  #error: SyncErrorInfo | null = null;
  #isClosed = false;

  constructor(options: CurrentVaultOptions) {
    this.#options = options;
    this.prefix = `${options.databaseName}@${options.cloudId}`;
  }

  /** null until it is open. */
  get opened(): IdentityVault | null {
    return this.#vault;
  }

  /** Why nothing can be read or written here. */
  get error(): SyncErrorInfo | null {
    return this.#error;
  }

  /** Whether somebody signed out while this page was open, and nobody has signed in since. */
  get isSignedOut(): boolean {
    return this.#isSignedOut;
  }

  /** As remembered from an earlier run. */
  get clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  /** Opens at the first call. @throws SyncError `closed`, `storage-unavailable`, `upgrade-blocked`, `reload-needed` */
  open(): Promise<IdentityVault> {
    if (this.#isClosed) return Promise.reject(closed());
    if (this.#vault) return Promise.resolve(this.#vault);
    this.#opening ??= this.#openRegistered().catch((error: unknown) => {
      // The next call tries again.
      this.#opening = null;
      this.#fail(error);
      throw error;
    });
    return this.#opening;
  }

  /** Whether `identityId` is the current identity, or was merged into it. */
  isCurrent(identityId: string): boolean {
    const current = this.#vault?.identity?.identityId;
    if (current === undefined) return false;
    return (
      identityId === current || [...this.#merged].some(([guest, user]) => guest === identityId && user === current)
    );
  }

  /** Goes to an identity's vault; what was written before anybody was known comes along. Returns how many conflicts that made. */
  async become(identity: SignedIn): Promise<number> {
    const before = await this.open();
    const registry = await this.#registered().signIn(identity);
    this.#merged = registry.merged;
    if (registry.current.vault === before.name) {
      this.#identify(before, identity);
      this.#tellTabs();
      return 0;
    }
    this.#isMoving = true;
    await this.#leaveFor(registry, before);
    this.#tellTabs();
    return this.finishMoves();
  }

  /** Goes to an empty vault of the unknown identity. False: another tab has gone to somebody else, and this one follows. */
  async leave({ forget }: { readonly forget: boolean }): Promise<boolean> {
    const before = await this.open();
    return this.#options.runtime.withLock(`${this.prefix}/identity`, new AbortController().signal, async () => {
      const isCurrent = (await this.#registered().read()).current.vault === before.name;
      if (!isCurrent) {
        await this.follow();
        return false;
      }
      await this.#leaveFor(await this.#registered().signOut(before.name, forget), before);
      this.#tellTabs();
      if (forget) await this.#options.storage.delete(before.name);
      return true;
    });
  }

  /** Where another tab has gone to another identity, this one goes there too. */
  async follow(): Promise<IdentityVault> {
    const before = await this.open();
    const registry = await this.#registered().read();
    this.#merged = registry.merged;
    const { identity, vault } = registry.current;
    if (vault === before.name) {
      if (JSON.stringify(before.identity) !== JSON.stringify(identity)) this.#identify(before, identity);
      return before;
    }
    this.#isMoving = true;
    const next = await this.#leaveFor(registry, before);
    // What this tab wrote before it heard of it belongs to the same identity as the rest.
    await this.finishMoves();
    return next;
  }

  /**
   * Moves what still lies in a vault that belongs to the current identity's other one. A vault that was just left may yet
   * be written by a tab that has not heard of it, so it is looked at again, and deleted when it is empty, when the app
   * starts the next time. What fails is tried again with the next sync, and told meanwhile.
   */
  async finishMoves({ atStart = false } = {}): Promise<number> {
    const { runtime, now, storage, durability } = this.#options;
    const vault = this.#vault;
    if (!vault) return 0;
    this.#isMoving = true;
    return runtime.withLock(`${this.prefix}/move`, new AbortController().signal, async () => {
      const registry = await this.#registered().read();
      const mine = registry.moves.filter(({ to }) => to === vault.identity?.identityId);
      let conflicts = 0;
      try {
        for (const { from } of mine) {
          const source = await storage.open(from, { durability });
          let isEmpty = false;
          try {
            conflicts += await moveRecords(source, vault, now);
            isEmpty = (await source.summaries()).every(({ records }) => records === 0);
          } finally {
            await source.close();
          }
          if (!isEmpty || !atStart) continue;
          await storage.delete(from);
          await this.#registered().endMove(from);
        }
        if (this.#moveFailed) this.#error = null;
        this.#moveFailed = false;
      } catch (error) {
        this.#moveFailed = true;
        this.#fail(error);
      }
      this.#isMoving = false;
      return conflicts;
    });
  }

  /** Records of the current identity are, or may be, still in another vault: they are not in its cloud yet. */
  get isMoving(): boolean {
    return this.#isMoving || this.#moveFailed;
  }

  /** Whether records of the current identity wait to be moved to its vault. */
  get hasUnfinishedMoves(): boolean {
    return this.#moveFailed;
  }

  async rememberClock(offsetMs: number): Promise<void> {
    if (Math.abs(offsetMs - this.#clockOffsetMs) < clockNoiseMs) return;
    this.#clockOffsetMs = offsetMs;
    await this.#registered().rememberClock(offsetMs);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#opening?.catch(() => {});
    await this.#vault?.close();
    this.#channel?.close();
    await this.#registry?.close();
  }

  async #openRegistered(): Promise<IdentityVault> {
    const { storage, durability, runtime } = this.#options;
    const registry = new VaultRegistry(
      await storage.open(this.prefix, { durability }),
      () => `${this.prefix}/${randomId(runtime, 9)}`,
    );
    await this.#registry?.close(); // Of an earlier try that failed.
    this.#registry = registry;
    const known = await registry.read();
    this.#clockOffsetMs = known.clockOffsetMs;
    const vault = await this.#openVault(known);
    this.#channel = runtime.channel(this.prefix, this.#options.onElsewhere);
    this.#error = null;
    this.#merged = known.merged;
    this.#vault = vault;
    if (known.moves.length > 0) await this.finishMoves({ atStart: true });
    this.switched.call();
    return vault;
  }

  async #openVault({ current }: Registry): Promise<IdentityVault> {
    const { storage, durability, runtime, declarations, now } = this.#options;
    const vault = await IdentityVault.open({
      ...{ name: current.vault, identity: current.identity },
      ...{ storage, durability, runtime, declarations, now },
    });
    vault.lost.add((reason) => {
      if (reason === "upgrade") this.#fail(reloadNeeded());
    });
    return vault;
  }

  /** Shows the vault at once, so that nothing more is written into the one before; that one ends what was begun in it. */
  async #leaveFor(registry: Registry, before: IdentityVault): Promise<IdentityVault> {
    const vault = await this.#openVault(registry);
    this.#isSignedOut = vault.identity === null;
    this.#vault = vault;
    this.#opening = Promise.resolve(vault);
    this.#error = null;
    this.switched.call();
    await before.close();
    return vault;
  }

  #identify(vault: IdentityVault, identity: SignedIn | null): void {
    vault.identity = identity;
    this.#isSignedOut = false;
    this.switched.call();
  }

  #fail(error: unknown): void {
    this.#error = isSyncError(error) ? error.info : { code: "internal", message: String(error) };
    this.switched.call();
  }

  #registered(): VaultRegistry {
    if (!this.#registry) throw closed();
    return this.#registry;
  }

  #tellTabs(): void {
    this.#channel?.post("identity");
  }
}

/** Milliseconds of clock offset that are not worth a write. */
const clockNoiseMs = 2_000;

export const closed = (): SyncError =>
  new SyncError({ code: "closed", message: "The client was closed. Create another one with createSyncClient." });

const reloadNeeded = (): SyncError =>
  new SyncError({
    code: "reload-needed",
    message: "A newer version of this app has upgraded its data on this device. Reload the page.",
  });
