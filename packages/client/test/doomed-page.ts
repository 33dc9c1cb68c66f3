// A page that is thrown away at one of its steps, as a browser does it: with a request to IndexedDB, a commit or a request
// to the cloud under way. What was committed stays, open transactions are aborted, and nothing of the page runs on.
import { setImmediate } from "node:timers/promises";
import type { CloudImplementation } from "../src/cloud.ts";
import type { RemoteStore } from "../src/remote-store.ts";

/** A step is each answer of IndexedDB, each commit before and after it takes effect, and each request to the cloud before and after. */
export class DoomedPage {
  /** Resolves when the page is gone and its transactions have ended. */
  readonly gone: Promise<void>;
  steps = 0;
  #isGone = false;
  #isCounting = false;
  readonly #dyingStep: number;
  readonly #connections = new Set<IDBDatabase>();
  readonly #transactions = new Set<IDBTransaction>();
  readonly #restore: (() => void)[] = [];
  #onGone = (): void => {};

  /** `dyingStep`: the first step that no longer happens, counted from `start`. */
  constructor(dyingStep: number) {
    this.#dyingStep = dyingStep;
    this.gone = new Promise<void>((resolve) => (this.#onGone = resolve)).then(async () => {
      for (let turn = 0; turn < 5; turn += 1) await setImmediate();
    });
    this.#watchIndexedDb();
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Steps are counted from here on. */
  start(): void {
    this.#isCounting = true;
  }

  /** IndexedDB belongs to the next page; the connections of this one stay dead. */
  leave(): void {
    this.#isCounting = false;
    for (const restore of this.#restore.splice(0).reverse()) restore();
  }

  /** The cloud as this page reaches it. */
  cloud(cloud: CloudImplementation): CloudImplementation {
    return {
      id: cloud.id,
      connect: async (runtime, remembered) => {
        const session = await cloud.connect(runtime, remembered);
        return {
          ...session,
          identify: (who, signal) => this.#request(() => session.identify(who, signal)),
          remoteStore: (identity) => this.#remoteStore(session.remoteStore(identity)),
        };
      },
    };
  }

  #remoteStore(remote: RemoteStore): RemoteStore {
    return {
      pullPage: (request) => this.#request(() => remote.pullPage(request)),
      listPage: (request) => this.#request(() => remote.listPage(request)),
      readHead: (request) => this.#request(() => remote.readHead(request)),
      headsPage: (request) => this.#request(() => remote.headsPage(request)),
      commit: (request) => this.#request(() => remote.commit(request)),
      sweepPage: (request) => this.#request(() => remote.sweepPage(request)),
      markSwept: (request) => this.#request(() => remote.markSwept(request)),
      rereadItem: (item) => remote.rereadItem(item),
    };
  }

  async #request<R>(send: () => Promise<R>): Promise<R> {
    if (!this.#step()) return never();
    const answer = await send();
    return this.#step() ? answer : never();
  }

  /** False: the page is gone. */
  #step(): boolean {
    if (this.#isGone) return false;
    if (!this.#isCounting) return true;
    if (this.steps === this.#dyingStep) {
      this.#die();
      return false;
    }
    this.steps += 1;
    return true;
  }

  #die(): void {
    this.#isGone = true;
    for (const transaction of this.#transactions) {
      try {
        transaction.abort();
      } catch {
        // It was committed before: the browser finishes that by itself.
      }
    }
    for (const connection of this.#connections) connection.close();
    this.#onGone();
  }

  #watchIndexedDb(): void {
    for (const name of ["open", "deleteDatabase"]) {
      this.#around(IDBFactory.prototype, name, (_factory, call) => this.#watch(call(), ["upgradeneeded", "success"]));
    }
    this.#around(IDBDatabase.prototype, "transaction", (connection, call) => {
      if (!(connection instanceof IDBDatabase)) throw new TypeError("no connection");
      this.#connections.add(connection);
      const transaction = call();
      if (!(transaction instanceof IDBTransaction)) throw new TypeError("no transaction");
      this.#watch(transaction, transaction.mode === "readonly" ? [] : ["complete"]);
      this.#transactions.add(transaction);
      transaction.addEventListener("complete", () => this.#transactions.delete(transaction));
      if (this.#isGone) transaction.abort();
      return transaction;
    });
    this.#around(IDBTransaction.prototype, "commit", (_transaction, call) => (this.#step() ? call() : undefined));
    const reading = ["get", "getKey", "getAll", "getAllKeys", "count", "openCursor", "openKeyCursor"];
    for (const name of reading)
      this.#around(IDBIndex.prototype, name, (_index, call) => this.#watch(call(), ["success"]));
    for (const name of [...reading, "put", "add", "delete", "clear"]) {
      this.#around(IDBObjectStore.prototype, name, (_store, call) => this.#watch(call(), ["success"]));
    }
  }

  /** What a page that is gone would be told reaches nobody. */
  #watch(target: unknown, counted: readonly string[]): unknown {
    if (!(target instanceof EventTarget) && !isListenable(target)) throw new TypeError("nothing to watch");
    for (const type of ["upgradeneeded", "success", "error", "complete", "abort"]) {
      target.addEventListener(type, (event) => {
        const isAlive = counted.includes(type) ? this.#step() : !this.#isGone;
        if (!isAlive) event.stopImmediatePropagation();
        if (!isAlive && target instanceof IDBOpenDBRequest) letGo(target, type);
      });
    }
    return target;
  }

  #around(prototype: object, name: string, around: (self: unknown, call: () => unknown) => unknown): void {
    const original: unknown = Reflect.get(prototype, name);
    if (typeof original !== "function") throw new TypeError(`there is no ${name}`);
    Reflect.set(prototype, name, function (this: unknown, ...args: unknown[]) {
      return around(this, () => Reflect.apply(original, this, args));
    });
    this.#restore.push(() => Reflect.set(prototype, name, original));
  }
}

interface Listenable {
  addEventListener(type: string, listener: (event: Event) => void): void;
}

const isListenable = (target: unknown): target is Listenable =>
  typeof target === "object" && target !== null && "addEventListener" in target;

/** A database that was just opened, or is being made, for a page that is gone. */
function letGo(request: IDBOpenDBRequest, type: string): void {
  if (type === "upgradeneeded") request.transaction?.abort();
  else if (type === "success" && request.result instanceof IDBDatabase) request.result.close();
}

const never = <R>(): Promise<R> => new Promise(() => {});
