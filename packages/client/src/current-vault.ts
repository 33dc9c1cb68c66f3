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

  /** Goes to an identity's vault; what was written before anybody was known comes along. Returns how many conflicts that made. */
  async become(identity: SignedIn): Promise<number> {
    const before = await this.open();
    const registry = await this.#registered().signIn(identity);
    if (registry.current.vault === before.name) {
      before.identity = identity;
      this.#isSignedOut = false;
      this.switched.call();
      this.#tellTabs();
      return 0;
    }
    const vault = await this.#openVault(registry);
    await before.settled();
    const conflicts = await this.#move(registry, vault, "just-left");
    this.#go(vault);
    await before.close();
    this.#tellTabs();
    return conflicts;
  }

  /**
   * Finishes what a sign-in began. A vault that was just left may still be written by another tab that has not heard of
   * it; it is looked at again, and deleted when it is empty, the next time that the app starts.
   */
  async #move(registry: Registry, vault: IdentityVault, when: "just-left" | "at-start"): Promise<number> {
    const { storage, durability, now } = this.#options;
    let conflicts = 0;
    for (const { from, to } of registry.moves) {
      if (to !== vault.identity?.identityId) continue;
      const source = await storage.open(from, { durability });
      conflicts += await moveRecords(source, vault, now);
      const isEmpty = (await source.summaries()).every(({ records }) => records === 0);
      await source.close();
      if (!isEmpty || when === "just-left") continue;
      await storage.delete(from);
      await this.#registered().endMove(from);
    }
    return conflicts;
  }

  /** Goes to an empty vault of the unknown identity. */
  async leave({ forget }: { readonly forget: boolean }): Promise<void> {
    const before = await this.open();
    const registry = await this.#registered().signOut(forget);
    this.#go(await this.#openVault(registry));
    await before.close();
    if (forget) await this.#options.storage.delete(before.name);
    this.#tellTabs();
  }

  /** Where another tab has gone to another identity, this one goes there too. */
  async follow(): Promise<IdentityVault> {
    const before = await this.open();
    const registry = await this.#registered().read();
    const { identity, vault } = registry.current;
    if (vault === before.name) {
      if (before.identity?.identityId !== identity?.identityId) {
        before.identity = identity;
        this.switched.call();
      }
      return before;
    }
    const next = await this.#openVault(registry);
    this.#go(next);
    await before.close();
    return next;
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
    this.#registry = registry;
    const known = await registry.read();
    this.#clockOffsetMs = known.clockOffsetMs;
    const vault = await this.#openVault(known);
    this.#channel = runtime.channel(this.prefix, this.#options.onElsewhere);
    await this.#move(known, vault, "at-start");
    this.#error = null;
    this.#vault = vault;
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

  #go(vault: IdentityVault): void {
    this.#isSignedOut = vault.identity === null;
    this.#vault = vault;
    this.#opening = Promise.resolve(vault);
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
