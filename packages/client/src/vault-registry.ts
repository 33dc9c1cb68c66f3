// Which vaults there are on this device for one cloud, and whose is current. It is a small database of its own, so that
// an offline start finds the last identity's data without knowing more than the app's configuration.
import { damaged, parseIdentityId, type IdentityId, type JsonValue } from "@holdfast/core";
import type { SignedIn } from "./cloud.ts";
import type { Vault } from "./local-store.ts";

export interface Registry {
  readonly current: { readonly identity: SignedIn | null; readonly vault: string };
  readonly vaults: ReadonlyMap<IdentityId, string>;
  /** Vaults whose records belong to an identity that has another vault, and are being moved there. */
  readonly moves: readonly Move[];
  /** Guest identities, and the ones that they were merged into. */
  readonly merged: ReadonlyMap<IdentityId, IdentityId>;
  /** Milliseconds to add to the device's clock to have the cloud's. */
  readonly clockOffsetMs: number;
}

interface Move {
  readonly from: string;
  readonly to: IdentityId;
}

const entry = "registry";

export class VaultRegistry {
  readonly #vault: Vault;
  readonly #newVaultName: () => string;

  constructor(vault: Vault, newVaultName: () => string) {
    this.#vault = vault;
    this.#newVaultName = newVaultName;
  }

  /** Reads, decides, writes: one transaction, whichever tab comes first. */
  async update(decide: (registry: Registry) => Registry): Promise<Registry> {
    const stored = await this.#vault.updateMeta(entry, (known) =>
      registryToJson(decide(known === undefined ? this.#fresh() : parseRegistry(known))),
    );
    return parseRegistry(stored);
  }

  read(): Promise<Registry> {
    return this.update((registry) => registry);
  }

  /**
   * The unknown identity's vault becomes the identity's own, unless it has one already; then its records, and a guest's,
   * are to be moved there. Either way the identity's vault is current.
   */
  signIn(identity: SignedIn): Promise<Registry> {
    return this.update((registry) => {
      const known = registry.vaults.get(identity.identityId);
      const isUnclaimed = registry.current.identity === null;
      const vault = known ?? (isUnclaimed ? registry.current.vault : this.#newVaultName());
      const vaults = new Map(registry.vaults).set(identity.identityId, vault);
      const { current } = registry;
      const isMoved = vault !== current.vault && current.identity?.kind !== "authenticated";
      const moves = isMoved ? [...registry.moves, { from: current.vault, to: identity.identityId }] : registry.moves;
      const guest = isMoved ? current.identity?.identityId : undefined;
      const merged = guest ? new Map(registry.merged).set(guest, identity.identityId) : registry.merged;
      return { ...registry, current: { identity, vault }, vaults, moves, merged };
    });
  }

  /**
   * The identity of the vault `from` is no longer current, and nobody is. `forget`: its vault is to be deleted. Nothing
   * changes where another tab has gone on to somebody else.
   */
  signOut(from: string, forget: boolean): Promise<Registry> {
    return this.update((registry) => {
      if (registry.current.vault !== from) return registry;
      const vaults = new Map(registry.vaults);
      const { identity } = registry.current;
      if (forget && identity) vaults.delete(identity.identityId);
      return { ...registry, current: { identity: null, vault: this.#newVaultName() }, vaults };
    });
  }

  async endMove(from: string): Promise<void> {
    await this.update((registry) => ({ ...registry, moves: registry.moves.filter((move) => move.from !== from) }));
  }

  async rememberClock(clockOffsetMs: number): Promise<void> {
    await this.update((registry) => ({ ...registry, clockOffsetMs }));
  }

  close(): Promise<void> {
    return this.#vault.close();
  }

  #fresh(): Registry {
    const current = { identity: null, vault: this.#newVaultName() };
    return { current, vaults: new Map(), moves: [], merged: new Map(), clockOffsetMs: 0 };
  }
}

function registryToJson({ current, vaults, moves, merged, clockOffsetMs }: Registry): JsonValue {
  const { identity, vault } = current;
  const { identityId, kind, logins } = identity ?? { identityId: null, kind: null, logins: [] };
  return {
    current: { identity: identityId === null ? null : { identityId, kind, logins }, vault },
    vaults: [...vaults],
    moves: moves.map(({ from, to }) => ({ from, to })),
    merged: [...merged],
    clockOffsetMs,
  };
}

function parseRegistry(input: unknown): Registry {
  const { current, vaults, moves, merged, clockOffsetMs } = parseFields(input);
  const { identity, vault } = parseFields(current);
  if (
    typeof vault !== "string" ||
    typeof clockOffsetMs !== "number" ||
    !isList(vaults) ||
    !isList(moves) ||
    !isList(merged)
  ) {
    throw unreadable();
  }
  const pairs = vaults.map((pair) => {
    if (!isList(pair) || typeof pair[1] !== "string") throw unreadable();
    return [parseIdentityId(pair[0]), pair[1]] as const;
  });
  return {
    current: { identity: identity === null ? null : parseSignedIn(identity), vault },
    vaults: new Map(pairs),
    moves: moves.map(parseMove),
    merged: new Map(merged.map(parseMerged)),
    clockOffsetMs,
  };
}

function parseMove(input: unknown): Move {
  const { from, to } = parseFields(input);
  if (typeof from !== "string") throw unreadable();
  return { from, to: parseIdentityId(to) };
}

function parseMerged(input: unknown): readonly [IdentityId, IdentityId] {
  if (!isList(input)) throw unreadable();
  return [parseIdentityId(input[0]), parseIdentityId(input[1])];
}

function parseSignedIn(input: unknown): SignedIn {
  const { identityId, kind, logins } = parseFields(input);
  if ((kind !== "guest" && kind !== "authenticated") || !isList(logins)) throw unreadable();
  return {
    identityId: parseIdentityId(identityId),
    kind,
    logins: logins.filter((login) => typeof login === "string"),
  };
}

function parseFields(input: unknown): Readonly<Record<string, unknown>> {
  if (typeof input !== "object" || input === null) throw unreadable();
  return Object.fromEntries(Object.entries(input));
}

const isList = (input: unknown): input is readonly unknown[] => Array.isArray(input);
const unreadable = () => damaged("the list of this app's databases on this device");
