// A cloud in memory: identities by their logins, a table for each. It is as strict as the real one about S-2 and S-3, and
// as hostile as it is told to be.
import {
  isRetryable,
  parseDatasetName,
  parseIdentityId,
  parseRecordKey,
  SyncError,
  type IdentityId,
  type JsonValue,
  type RecordKey,
  type SyncErrorCode,
} from "@holdfast/core";
import type { AwsCredentials, Cloud, Logins } from "../api.ts";
import type { CloudImplementation, CloudSession, SignedIn, Who } from "../cloud.ts";
import type { CommitOutcome, RemoteStore } from "../remote-store.ts";
import type { RuntimeImplementation } from "../runtime.ts";
import { Hostility, type CloudFault } from "./hostility.ts";
import { MemoryTable } from "./memory-table.ts";

export interface Fault {
  readonly code: SyncErrorCode;
  readonly dataset?: string;
  /** Only of commits that hold this record. */
  readonly key?: string;
  /** Default 1. */
  readonly times?: number;
  /** The commit is applied, and its answer is lost. */
  readonly afterApplying?: boolean;
}

export interface MemoryCloud extends Cloud {
  identityOf(logins: Logins): string;
  records(identityId: string, dataset: string): ReadonlyMap<string, JsonValue>;
  /** What fails next. */
  fail(fault: Fault): void;
  /** From now on the cloud is hostile in these ways, and in no others. */
  setFaults(faults: readonly CloudFault[]): void;
  /** What a backup keeps of all datasets of an identity; the function goes back to it. */
  backUp(identityId: string): () => void;
  /** Somebody writes into the table past all rules: the digest is wrong from then on. undefined: the item is taken out. */
  writeDirectly(identityId: string, dataset: string, key: string, value: JsonValue | undefined): void;
}

interface ArmedFault extends Fault {
  left: number;
}

export interface MemoryCloudOptions {
  /** What the cloud does besides answering, by chance. Default: nothing. `cloudFaults` are all of them. */
  readonly faults?: readonly CloudFault[];
  /** Default 1. The same calls meet the same chance with the same seed. */
  readonly seed?: number;
  /** How likely each of them is, each time that it could happen: 0 to 1. Default 0.1. */
  readonly rate?: number;
}

/** A cloud in memory; with `faults`, a hostile one. */
export function memoryCloud(options: MemoryCloudOptions = {}): MemoryCloud {
  const { faults = [], seed = 1, rate = 0.1 } = options;
  return new MemoryCloudImplementation(new Hostility({ faults, seed, rate }));
}

class MemoryCloudImplementation implements MemoryCloud, CloudImplementation {
  readonly id = "memory";
  readonly #identities = new Map<string, IdentityId>();
  readonly #tables = new Map<string, MemoryTable>();
  readonly #faults: ArmedFault[] = [];
  readonly #hostility: Hostility;

  constructor(hostility: Hostility) {
    this.#hostility = hostility;
  }

  setFaults(faults: readonly CloudFault[]): void {
    this.#hostility.setFaults(faults);
  }

  backUp(identityId: string): () => void {
    const table = this.#table(identityId);
    const kept = [...table.datasets.keys()].map((dataset) => [dataset, table.snapshot(dataset)] as const);
    return () => {
      for (const [dataset, backup] of kept) table.restore(dataset, backup);
    };
  }

  writeDirectly(identityId: string, dataset: string, key: string, value: JsonValue | undefined): void {
    this.#table(identityId).table(parseDatasetName(dataset)).writeDirectly(parseRecordKey(key), value);
  }

  identityOf(logins: Logins): IdentityId {
    const name = JSON.stringify(Object.entries(logins).sort(([a], [b]) => (a < b ? -1 : 1)));
    return this.#identity(name);
  }

  records(identityId: string, dataset: string): ReadonlyMap<string, JsonValue> {
    return new Map(Object.entries(this.#table(identityId).values(parseDatasetName(dataset))));
  }

  fail(fault: Fault): void {
    this.#faults.push({ ...fault, left: fault.times ?? 1 });
  }

  async connect(runtime: RuntimeImplementation): Promise<CloudSession> {
    return {
      identify: async (who) => {
        requireNetwork(runtime);
        return this.#identify(who);
      },
      credentials: async ({ identityId }): Promise<AwsCredentials> => {
        requireNetwork(runtime);
        const expiration = new Date(runtime.now() + 3_600_000);
        return { identityId, accessKeyId: "memory", secretAccessKey: "memory", sessionToken: "memory", expiration };
      },
      forget: () => {},
      remoteStore: ({ identityId }) => this.#remoteStore(this.#table(identityId), runtime),
      clockOffset: () => 0,
    };
  }

  #identify(who: Who): SignedIn | null {
    if (who.type === "logins") {
      return { identityId: this.identityOf(who.logins), kind: "authenticated", logins: Object.keys(who.logins) };
    }
    if (who.known) return who.known;
    if (!who.create) return null;
    return { identityId: this.#identity(`guest ${this.#identities.size}`), kind: "guest", logins: [] };
  }

  #identity(name: string): IdentityId {
    let identity = this.#identities.get(name);
    if (!identity) {
      const number = String(this.#identities.size + 1).padStart(12, "0");
      identity = parseIdentityId(`memory:00000000-0000-4000-8000-${number}`);
      this.#identities.set(name, identity);
    }
    return identity;
  }

  #table(identityId: string): MemoryTable {
    let table = this.#tables.get(identityId);
    if (table) return table;
    table = new MemoryTable(this.#hostility);
    this.#tables.set(identityId, table);
    return table;
  }

  #remoteStore(table: MemoryTable, runtime: RuntimeImplementation): RemoteStore {
    table.turn = () => runtime.sleep(0, new AbortController().signal);
    const reading = <A extends { readonly signal: AbortSignal; readonly dataset?: string }, R>(
      read: (request: A) => Promise<R>,
    ) => {
      return async (request: A): Promise<R> => {
        requireNetwork(runtime);
        const fault = this.#takeFault(request.dataset, null);
        if (fault) throw errorOf(fault);
        return read(request);
      };
    };
    return {
      pullPage: reading((request) => table.pullPage(request)),
      listPage: reading((request) => table.listPage(request)),
      readHead: reading((request) => table.readHead(request)),
      headsPage: reading((request) => table.headsPage(request)),
      commit: async (request): Promise<CommitOutcome> => {
        requireNetwork(runtime);
        const keys = request.attempt.records.map(({ key }) => key);
        const fault = this.#takeFault(request.dataset, keys);
        if (!fault) return table.commit(request);
        if (fault.afterApplying) await table.commit(request);
        return outcomeOf(
          fault,
          keys.filter((key) => key === fault.key),
        );
      },
      sweepPage: reading((request) => table.sweepPage(request)),
      markSwept: reading((request) => table.markSwept(request)),
      rereadItem: (item) => table.rereadItem(item),
    };
  }

  /** `keys` null: a read, which a fault of commits alone leaves as it is. */
  #takeFault(dataset: string | undefined, keys: readonly string[] | null): ArmedFault | null {
    const fault = this.#faults.find((armed) => {
      if (armed.dataset !== undefined && armed.dataset !== dataset) return false;
      if (armed.key !== undefined && !keys?.includes(armed.key)) return false;
      return armed.afterApplying ? keys !== null : true;
    });
    if (!fault) return null;
    fault.left -= 1;
    if (fault.left === 0) this.#faults.splice(this.#faults.indexOf(fault), 1);
    return fault;
  }
}

const errorOf = ({ code }: Fault): SyncError =>
  new SyncError({ code, message: `The test's cloud was told to fail (${code}).` });

/** `keys`: the records at fault, where the fault names one. */
function outcomeOf(fault: Fault, keys: readonly RecordKey[]): CommitOutcome {
  const error = errorOf(fault);
  const cost = { requests: 1, readUnits: 0, writeUnits: 0 };
  if (fault.afterApplying || isRetryable(fault.code)) return { type: "unclear", error, cost };
  if (fault.code === "invalid-value" || fault.code === "value-too-large") return { type: "invalid", error, keys, cost };
  return { type: "blocked", error, cost };
}

function requireNetwork(runtime: RuntimeImplementation): void {
  if (runtime.online()) return;
  throw new SyncError({ code: "offline", message: "This device is offline." });
}
