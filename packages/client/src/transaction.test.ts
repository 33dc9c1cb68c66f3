// transaction() as an app uses it: all or nothing here, one commit there, decided whole.
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  askUser,
  byPath,
  counter,
  createSyncClient,
  defineDataset,
  isSyncError,
  type ConflictRecord,
  type Definitions,
  type SyncClient,
  type SyncClientOptions,
} from "./index.ts";
import { fakeRuntime, memoryCloud, memoryStore, type FakeRuntime, type MemoryCloud } from "./testing/index.ts";

interface Account {
  amount: number;
  note?: string;
}

const datasets = {
  accounts: defineDataset<Account>(),
  counted: defineDataset<Account>({ resolver: byPath({ "/amount": counter() }) }),
  asked: defineDataset<Account>({ resolver: askUser }),
} satisfies Definitions;
type Bank = SyncClient<typeof datasets>;

let cloud: MemoryCloud;
let runtime: FakeRuntime;
let tests = 0;
const clients: AsyncDisposable[] = [];

function device(options: Partial<SyncClientOptions<typeof datasets>> = {}): Bank {
  const client = createSyncClient({ cloud, runtime, datasets, storage: memoryStore(), autoSync: false, ...options });
  clients.push(client);
  return client;
}

async function signedIn(options: Partial<SyncClientOptions<typeof datasets>> = {}): Promise<Bank> {
  const client = device(options);
  await client.signIn({ test: "ann" });
  return client;
}

/** Two devices that both hold a = 10 and b = 20. */
async function twoDevices(name: keyof typeof datasets = "accounts"): Promise<readonly [Bank, Bank]> {
  const [here, there] = [await signedIn(), await signedIn()];
  await here.dataset(name).bulkPut([
    ["a", { amount: 10 }],
    ["b", { amount: 20 }],
  ]);
  await here.synchronize();
  await there.synchronize();
  return [here, there];
}

const move = (bank: Bank, amount: number, name: keyof typeof datasets = "accounts"): Promise<void> =>
  bank.dataset(name).transaction(async (tx) => {
    await tx.update("a", (account) => void (account.amount -= amount));
    await tx.update("b", (account) => void (account.amount += amount));
    tx.put(`move-${amount}`, { amount });
  });

const amounts = async (bank: Bank, name: keyof typeof datasets = "accounts"): Promise<Record<string, number>> =>
  Object.fromEntries([...(await bank.dataset(name).getAll())].map(([key, { amount }]) => [key, amount]));

const synced = async (...banks: readonly Bank[]): Promise<void> => {
  for (let round = 0; round < 3; round += 1) for (const bank of banks) await bank.synchronize();
};

/** The sync count under which each record stands in the cloud. */
const countsOf = (bank: Bank, keys: readonly string[], name: keyof typeof datasets = "accounts"): readonly number[] =>
  keys.map((key) => bank.dataset(name).record(key).getSnapshot().syncCount);

async function loaded(bank: Bank, name: keyof typeof datasets = "accounts"): Promise<void> {
  const dataset = bank.dataset(name);
  const stop = dataset.subscribe(() => {});
  await dataset.getAll();
  await dataset.get("a");
  stop();
}

beforeEach(() => {
  cloud = memoryCloud();
  runtime = fakeRuntime();
  tests += 1;
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
});

const stores = [
  ["in memory", () => ({ storage: memoryStore() })],
  ["in IndexedDB", () => ({ storage: undefined, databaseName: `transaction-${tests}` }) as object],
] as const;

describe.each(stores)("transaction(), %s", (_, storage) => {
  it("S-16: what it writes is there at once, for the app and for those who watch", async () => {
    const accounts = device(storage()).dataset("accounts");
    await accounts.put("a", { amount: 1 });
    const told: string[][] = [];
    accounts.subscribe((change) => void (change.type === "changed" && told.push([...change.keys])));
    const result = await accounts.transaction(async (tx) => {
      tx.put("b", { amount: 2 });
      const { amount } = await tx.update("a", (account) => void (account.amount += 10));
      expect(await tx.get("b")).toEqual({ amount: 2 });
      expect(await tx.get("c")).toBeUndefined();
      tx.remove("b");
      tx.put("c", { amount });
      return amount;
    });
    expect(result).toBe(11);
    expect(await amounts({ dataset: () => accounts } as never)).toEqual({ a: 11, c: 11 });
    expect(told).toEqual([["a", "c"]]);
  });

  it("S-16: a function that throws, or waits for something else, has written nothing; what comes after it goes on", async () => {
    const accounts = device(storage()).dataset("accounts");
    const failing = accounts.transaction((tx) => {
      tx.put("a", { amount: 1 });
      throw new RangeError("no");
    });
    await expect(failing).rejects.toThrow(RangeError);
    const waiting = accounts.transaction(async (tx) => {
      tx.put("a", { amount: 2 });
      await new Promise((resolve) => setTimeout(resolve, 5));
      tx.put("b", { amount: 2 });
    });
    const after = accounts.put("c", { amount: 3 });
    await expect(waiting).rejects.toSatisfy((error) => isSyncError(error, "aborted"));
    const deadlocked = accounts.transaction(() => accounts.put("d", { amount: 4 }));
    await expect(deadlocked).rejects.toSatisfy((error) => isSyncError(error, "aborted"));
    await after;
    const rejected = accounts.transaction((tx) => {
      void tx.update("nothing", () => {});
      tx.put("a", { amount: 5 });
    });
    await expect(rejected).rejects.toSatisfy((error) => isSyncError(error, "not-found"));
    expect([...(await accounts.getAll()).keys()].sort()).toEqual(["c", "d"]);
  });

  it("S-16: sees what was written before it, and is seen by what is written after it", async () => {
    const accounts = device(storage()).dataset("accounts");
    const calls = [
      accounts.put("a", { amount: 1 }),
      accounts.transaction(async (tx) => void (await tx.update("a", (account) => void (account.amount *= 10)))),
      accounts.update("a", (account) => void (account.amount += 5)),
      accounts.transaction(async (tx) => {
        tx.put("b", { amount: (await tx.get("a"))?.amount ?? 0 });
      }),
    ];
    await Promise.all(calls);
    expect([...(await accounts.getAll())]).toEqual([
      ["a", { amount: 15 }],
      ["b", { amount: 15 }],
    ]);
  });

  it("S-16: is refused at once where it is more than one commit takes, and writes nothing then", async () => {
    const accounts = device(storage()).dataset("accounts");
    const many = accounts.transaction((tx) => {
      for (let index = 0; index < 100; index += 1) tx.put(`k${index}`, { amount: index });
    });
    await expect(many).rejects.toSatisfy((error) => isSyncError(error, "transaction-too-large"));
    const large = accounts.transaction((tx) => {
      for (let index = 0; index < 20; index += 1) tx.put(`k${index}`, { amount: 0, note: "x".repeat(190_000) });
    });
    await expect(large).rejects.toSatisfy((error) => isSyncError(error, "transaction-too-large"));
    expect((await accounts.getAll()).size).toBe(0);
  });

  it("S-16: goes up in one commit, however much waits before it", async () => {
    const [here, there] = [await signedIn(storage()), await signedIn()];
    const accounts = here.dataset("accounts");
    await accounts.bulkPut(Array.from({ length: 150 }, (_unused, index) => [`single-${index}`, { amount: index }]));
    const keys = Array.from({ length: 60 }, (_unused, index) => `group-${index}`);
    await accounts.transaction((tx) => keys.forEach((key, index) => tx.put(key, { amount: index })));
    await accounts.put("last", { amount: 0 });
    const { pushed, requests } = await accounts.synchronize();
    expect(pushed).toBe(211);
    expect(requests).toBeLessThanOrEqual(5);
    await there.synchronize();
    await loaded(there);
    expect(new Set(countsOf(there, keys)).size).toBe(1);
    expect(there.dataset("accounts").getSnapshot().records.size).toBe(211);
  });
});

describe("transaction(), with other tabs and devices", () => {
  it("S-16: runs again where another tab has changed what it read", async () => {
    const storage = memoryStore();
    const [tab, other] = [device({ storage }), device({ storage })];
    await tab.dataset("accounts").put("a", { amount: 1 });
    let runs = 0;
    await tab.dataset("accounts").transaction(async (tx) => {
      runs += 1;
      const { amount = 0 } = (await tx.get("a")) ?? {};
      // Through its own client, whose queue is another one.
      if (runs === 1) await Promise.resolve(void other.dataset("accounts").put("a", { amount: 100 }));
      for (let turn = 0; turn < 50; turn += 1) await tx.get(`other-${turn}`);
      tx.put("b", { amount: amount + 1 });
    });
    expect(runs).toBe(2);
    expect(await tab.dataset("accounts").get("b")).toEqual({ amount: 101 });
  });

  it("S-16: what is written upon another tab's transaction goes up after it", async () => {
    const storage = memoryStore();
    const [tab, other] = [device({ storage }), device({ storage })];
    await tab.signIn({ test: "ann" });
    await other.opened;
    // The second tab has taken later places than the first one has left.
    await tab.dataset("accounts").put("first", { amount: 0 });
    const many = Array.from({ length: 98 }, (_unused, index) => `k${index}`);
    await other.dataset("accounts").transaction((tx) => many.forEach((key) => tx.put(key, { amount: 1 })));
    await tab.dataset("accounts").transaction((tx) => ["k0", "x", "y"].forEach((key) => tx.put(key, { amount: 2 })));
    await tab.synchronize();
    await loaded(tab);
    const [earlier, k0, x, y] = countsOf(tab, ["k1", "k0", "x", "y"]);
    expect([k0, x, y]).toEqual([k0, k0, k0]);
    expect(k0).toBeGreaterThan(earlier ?? 0);
  });

  it("S-16: what clashes is decided whole by the newest: here the transaction wins", async () => {
    const [here, there] = await twoDevices();
    await there.dataset("accounts").put("a", { amount: 50 });
    await there.synchronize();
    await runtime.advance(1_000);
    await move(here, 5);
    await synced(here, there);
    for (const bank of [here, there]) expect(await amounts(bank)).toEqual({ a: 5, b: 25, "move-5": 5 });
    const conflicts = await here.conflicts();
    expect(conflicts).toHaveLength(1);
    expect(conflicts[0]).toMatchObject({ key: "a", state: "settled", result: { amount: 5 }, group: [] });
  });

  it("S-16: … and where a newer edit of one record wins, none of the transaction is left, and all can be brought back", async () => {
    const [here, there] = await twoDevices();
    await move(here, 5);
    await runtime.advance(1_000);
    await there.dataset("accounts").put("b", { amount: 70 });
    await there.synchronize();
    await synced(here, there);
    for (const bank of [here, there]) expect(await amounts(bank)).toEqual({ a: 10, b: 70 });
    const [conflict] = await here.conflicts();
    expect(await here.conflicts()).toHaveLength(1);
    expect(conflict).toMatchObject({ key: "b", local: { amount: 25 }, remote: { amount: 70 }, result: { amount: 70 } });
    expect(membersOf(conflict)).toEqual(["a 5 10", "move-5 5 undefined"]);
    await here.resolveConflict(conflict?.id ?? "", { type: "local" });
    await synced(here, there);
    for (const bank of [here, there]) expect(await amounts(bank)).toEqual({ a: 5, b: 25, "move-5": 5 });
    await loaded(there);
    expect(new Set(countsOf(there, ["a", "b", "move-5"])).size).toBe(1);
  });

  it("S-16: what its policies merge is no clash", async () => {
    const [here, there] = await twoDevices("counted");
    await move(here, 5, "counted");
    await move(there, 1, "counted");
    await synced(here, there);
    for (const bank of [here, there]) {
      expect(await amounts(bank, "counted")).toEqual({ a: 4, b: 26, "move-5": 5, "move-1": 1 });
      expect(await bank.conflicts()).toEqual([]);
    }
  });

  it("S-16: where a person must decide one record, the others wait, and go up with it", async () => {
    const [here, there] = await twoDevices("asked");
    await there.dataset("asked").put("a", { amount: 50 });
    await there.synchronize();
    await move(here, 5, "asked");
    await here.dataset("asked").put("single", { amount: 1 });
    await synced(here, there);
    expect(await amounts(there, "asked")).toEqual({ a: 50, b: 20, single: 1 });
    expect(here.status.getSnapshot()).toMatchObject({ state: "attention", pending: 0, conflicts: 1 });
    expect(here.problems.getSnapshot()).toMatchObject([{ type: "conflict", key: "a" }]);
    await expect(here.dataset("asked").whenSynced({ key: "b" })).rejects.toThrow(/one transaction with "a"/);
    // What joins the transaction meanwhile waits as well.
    await here.dataset("asked").transaction(async (tx) => {
      await tx.update("b", (account) => void (account.amount += 1));
      tx.put("joined", { amount: 2 });
    });
    await synced(here, there);
    expect(await there.dataset("asked").get("joined")).toBeUndefined();
    const [problem] = here.problems.getSnapshot();
    await here.resolveConflict(problem?.type === "conflict" ? problem.id : "", { type: "local" });
    await synced(here, there);
    for (const bank of [here, there]) {
      expect(await amounts(bank, "asked")).toEqual({ a: 5, b: 26, "move-5": 5, single: 1, joined: 2 });
      expect(bank.status.getSnapshot()).toMatchObject({ state: "saved", conflicts: 0 });
    }
    await loaded(there, "asked");
    expect(new Set(countsOf(there, ["a", "b", "move-5", "joined"], "asked")).size).toBe(1);
  });

  it("S-16, S-14: where the cloud refuses one record for good, none of it goes up; it is offered again or given up whole", async () => {
    const [here, there] = await twoDevices();
    cloud.fail({ code: "invalid-value", dataset: "accounts", key: "b", times: 2 });
    await move(here, 5);
    await here.dataset("accounts").put("single", { amount: 1 });
    await synced(here, there);
    expect(await amounts(there)).toEqual({ a: 10, b: 20, single: 1 });
    const [rejected] = here.problems.getSnapshot();
    expect(rejected).toMatchObject({ type: "rejected", key: "b" });
    await here.retryRejected(rejected?.type === "rejected" ? rejected.id : "");
    await synced(here, there);
    const [again] = here.problems.getSnapshot();
    expect(again).toMatchObject({ type: "rejected", key: "b" });
    await here.discardRejected(again?.type === "rejected" ? again.id : "");
    expect(await amounts(here)).toEqual({ a: 10, b: 20, single: 1 });
    await synced(here, there);
    expect(here.status.getSnapshot()).toMatchObject({ state: "saved", rejected: 0 });
  });

  it("S-16: many that share a record become one, or go up one after the other, each whole", async () => {
    const here = await signedIn();
    const ledger = here.dataset("accounts");
    await ledger.put("balance", { amount: 0 });
    await here.synchronize();
    for (let entry = 1; entry <= 250; entry += 1) {
      await ledger.transaction(async (tx) => {
        tx.put(`entry-${String(entry).padStart(3, "0")}`, { amount: 1 });
        await tx.update("balance", (account) => void (account.amount += 1));
      });
    }
    const { requests } = await ledger.synchronize();
    expect(requests).toBeLessThanOrEqual(5);
    await loaded(here);
    const { records } = ledger.getSnapshot();
    const counts = countsOf(here, [...records.keys()]);
    expect(records.size).toBe(251);
    expect(records.get("balance")).toEqual({ amount: 250 });
    expect(new Set(counts).size).toBe(3);
  });

  it("S-16: a transaction of a time before anybody was known stays one when the vault gets its owner", async () => {
    const here = device();
    await here.dataset("accounts").transaction((tx) => {
      for (const key of ["a", "b", "c"]) tx.put(key, { amount: 1 });
    });
    await here.dataset("accounts").put("single", { amount: 1 });
    await here.signIn({ test: "ann" });
    await here.synchronize();
    await loaded(here);
    expect(new Set(countsOf(here, ["a", "b", "c"])).size).toBe(1);
  });
});

const membersOf = (conflict: ConflictRecord | undefined): readonly string[] =>
  (conflict?.group ?? []).map(({ key, local, result }) => `${key} ${amountOf(local)} ${amountOf(result)}`);

const amountOf = (value: unknown): string =>
  String(typeof value === "object" && value !== null && "amount" in value ? value.amount : undefined);
