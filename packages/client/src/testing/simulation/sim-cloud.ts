// The cloud of a simulated run. Each request is sent, arrives, and is answered: three moments, of which the scheduler
// chooses the later two, and between which anything may happen, also that the page that asked is gone.
import { parseIdentityId, SyncError, type DatasetName, type IdentityId } from "@holdfast/core";
import type { CloudImplementation, CloudSession, SignedIn, Who } from "../../cloud.ts";
import type { CommitOutcome, RemoteStore } from "../../remote-store.ts";
import { broken, cost, MemoryTable, refused } from "../memory-table.ts";
import type { Tab } from "./device.ts";
import type { SimulatedFault } from "./faults.ts";
import type { Lane, Scheduler } from "./scheduler.ts";

export interface CloudWatch {
  /** A request leaves a tab. */
  sent(tab: Tab, name: string): void;
  happened(what: string): void;
  isFaulty(fault: SimulatedFault): boolean;
}

const readFaults = ["lost-request", "lost-answer", "throttled", "empty-pages", "key-order", "denied"] as const;
const commitFaults = [
  ...["lost-request", "lost-answer", "late-arrival", "late-duplicate", "throttled", "conflict", "denied"],
] as const satisfies readonly SimulatedFault[];
const identityFaults = ["lost-request", "lost-answer", "throttled"] as const;

interface Request<R> {
  readonly tab: Tab;
  readonly name: string;
  readonly signal: AbortSignal;
  readonly faults: readonly SimulatedFault[];
  /** What the cloud does, and its answer. */
  readonly arrive: (fault: SimulatedFault | null) => R;
  /** What a failure is to the caller: thrown, or an answer. */
  readonly fail: (error: SyncError) => R;
  /** When the answer is there. */
  readonly answered?: () => void;
  /** When it was given up, and will arrive all the same. */
  readonly lost?: () => void;
}

export class SimulatedCloud {
  readonly tables = new Map<IdentityId, MemoryTable>();
  readonly #scheduler: Scheduler;
  readonly #watch: CloudWatch;
  readonly #names = new Map<string, IdentityId>();
  readonly #landing = new Map<string, Lane[]>();
  readonly #onTable: (identity: IdentityId, table: MemoryTable) => void;
  /** Items of a page. */
  pageSize = 1_000;
  isClockCorrected = true;

  constructor(scheduler: Scheduler, watch: CloudWatch, onTable: (identity: IdentityId, table: MemoryTable) => void) {
    this.#scheduler = scheduler;
    this.#watch = watch;
    this.#onTable = onTable;
  }

  for(tab: Tab): CloudImplementation {
    return {
      id: "simulated",
      connect: async () => this.#session(tab),
    };
  }

  identity(name: string): IdentityId {
    let identity = this.#names.get(name);
    if (!identity) this.#names.set(name, (identity = parseIdentityId(`simulated:${this.#names.size + 1}-${name}`)));
    return identity;
  }

  table(identity: IdentityId): MemoryTable {
    let table = this.tables.get(identity);
    if (!table) {
      this.tables.set(identity, (table = new MemoryTable()));
      this.#onTable(identity, table);
    }
    return table;
  }

  /** All that is still on its way becomes visible. */
  revealAll(): void {
    for (const table of this.tables.values()) for (const dataset of table.datasets.values()) dataset.revealAll();
    for (const lanes of this.#landing.values()) for (const lane of lanes) this.#scheduler.drop(lane);
    this.#landing.clear();
  }

  #session(tab: Tab): CloudSession {
    return {
      identify: (who, signal) =>
        this.#ask({
          ...{ tab, name: "identify", signal, faults: identityFaults },
          arrive: () => this.#identify(who),
          fail: (error) => {
            throw error;
          },
        }),
      credentials: async () => {
        throw new SyncError({ code: "internal", message: "A simulated cloud has no credentials." });
      },
      forget: () => {},
      remoteStore: ({ identityId }) => this.#remoteStore(tab, identityId),
      clockOffset: () => (this.isClockCorrected ? -tab.device.measuredOffset : 0),
    };
  }

  #identify(who: Who): SignedIn | null {
    if (who.type === "logins") {
      const identityId = this.identity(Object.values(who.logins).join());
      return { identityId, kind: "authenticated", logins: Object.keys(who.logins) };
    }
    if (who.known) return who.known;
    if (!who.create) return null;
    return { identityId: this.identity(`guest${this.#names.size}`), kind: "guest", logins: [] };
  }

  #remoteStore(tab: Tab, identity: IdentityId): RemoteStore {
    const table = this.table(identity);
    const read = <R>(name: string, signal: AbortSignal, arrive: (paging: { size: number; isEmpty: boolean }) => R) =>
      this.#ask<R>({
        ...{ tab, name, signal, faults: readFaults },
        arrive: (fault) => {
          table.areNamesReordered = fault === "key-order";
          return arrive({ size: this.pageSize, isEmpty: fault === "empty-pages" });
        },
        fail: (error) => {
          throw error;
        },
      });
    return {
      pullPage: ({ dataset, since, cursor, signal }) =>
        read(`pull ${dataset}`, signal, (paging) => table.readChanges(dataset, since, cursor, paging)),
      listPage: ({ dataset, cursor, signal }) =>
        read(`list ${dataset}`, signal, (paging) => table.readListing(dataset, cursor, paging)),
      readHead: ({ dataset, signal }) => read(`head ${dataset}`, signal, () => table.readOneHead(dataset)),
      headsPage: ({ cursor, signal }) => read("heads", signal, (paging) => table.readHeads(cursor, paging)),
      commit: (request) => this.#commit(tab, identity, request),
      sweepPage: ({ dataset, floor, signal }) =>
        read(`sweep ${dataset}`, signal, (paging) => table.sweep(dataset, floor, paging)),
      markSwept: ({ dataset, head, signal }) =>
        read(`swept ${dataset}`, signal, () => {
          table.noteSwept(dataset, head);
          return cost;
        }),
      rereadItem: (item) => table.rereadItem(item),
    };
  }

  #commit(
    tab: Tab,
    identity: IdentityId,
    { dataset, attempt, signal }: Parameters<RemoteStore["commit"]>[0],
  ): Promise<CommitOutcome> {
    const apply = (isTokenKnown: boolean): CommitOutcome => {
      const table = this.table(identity);
      const before = table.table(dataset).head;
      const replaced = table.table(dataset).peek(attempt);
      const outcome = table.apply(dataset, attempt, { isTokenKnown });
      if (table.table(dataset).head === before) return outcome;
      this.#dropLanding(identity, dataset);
      if (this.#watch.isFaulty("half-seen")) {
        table.table(dataset).hideLanding(attempt, replaced);
        this.#land(identity, dataset);
      }
      return outcome;
    };
    const name = `commit ${dataset}`;
    // So late that DynamoDB has forgotten the token (it knows it for ten minutes): only the conditions protect.
    const arriveLater = (): void => {
      this.#scheduler.add(this.#scheduler.lane(`${tab.name} late`), name, () => {
        const { type } = apply(false);
        this.#watch.happened(`late ${type}`);
      });
    };
    return this.#ask<CommitOutcome>({
      ...{ tab, name, signal, faults: commitFaults },
      arrive: (fault) => {
        if (fault === "conflict") return refused("conflict");
        const outcome = apply(true);
        if (fault === "late-duplicate") arriveLater();
        this.#watch.happened(`commit ${outcome.type}`);
        return outcome;
      },
      fail: (error) =>
        error.code === "access-denied" ? { type: "blocked", error, cost } : { type: "unclear", error, cost },
      lost: arriveLater,
      answered: () => {
        this.table(identity).table(dataset).revealAll();
        this.#dropLanding(identity, dataset);
      },
    });
  }

  #ask<R>({ tab, name, signal, faults, arrive, fail, answered, lost }: Request<R>): Promise<R> {
    const { life } = tab;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = (): void => reject(signal.reason);
      signal.addEventListener("abort", abort, { once: true });
      const lane = this.#scheduler.lane(`${tab.name} net`);
      this.#watch.sent(tab, name);
      const answer = (settle: () => void): void => {
        if (!tab.isAlive || tab.life !== life) return;
        const back = this.#scheduler.lane(`${tab.name} net`, tab);
        this.#scheduler.add(back, `answer ${name}`, () => {
          signal.removeEventListener("abort", abort);
          if (!tab.isAlive || tab.life !== life) return;
          settle();
        });
      };
      const failing = (error: SyncError): void =>
        answer(() => {
          try {
            resolve(fail(error));
          } catch (thrown) {
            reject(thrown);
          }
        });
      const arrival = (fault: SimulatedFault | null): void => {
        if (fault) this.#watch.happened(fault);
        if (!tab.device.isOnline) return failing(offline());
        if (fault === "throttled") return failing(refused("throttled").error);
        if (fault === "denied") return failing(denied());
        if (fault === "late-arrival") lost?.();
        if (fault === "lost-request" || fault === "late-arrival") return failing(broken().error);
        const outcome = arrive(fault);
        if (fault === "lost-answer") return failing(broken().error);
        answer(() => {
          tab.device.measuredOffset = tab.device.clockOffset;
          answered?.();
          resolve(outcome);
        });
      };
      this.#scheduler.add(lane, name, arrival, faults);
    });
  }

  /** One lane for each item, so that they are seen in any order. */
  #land(identity: IdentityId, dataset: DatasetName): void {
    const table = this.table(identity).table(dataset);
    const lanes = table.unseen.map((item) => {
      const lane = this.#scheduler.lane("cloud");
      this.#scheduler.add(lane, `shows ${dataset} ${item}`, () => table.reveal(item));
      return lane;
    });
    this.#landing.set(`${identity} ${dataset}`, lanes);
  }

  #dropLanding(identity: IdentityId, dataset: DatasetName): void {
    const place = `${identity} ${dataset}`;
    for (const lane of this.#landing.get(place) ?? []) this.#scheduler.drop(lane);
    this.#landing.delete(place);
  }
}

const offline = (): SyncError => new SyncError({ code: "offline", message: "This device is offline." });
const denied = (): SyncError =>
  new SyncError({ code: "access-denied", message: "The role's policy lets nobody in just now. Correct the policy." });
