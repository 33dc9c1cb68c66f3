// What happens at the same time: writes during a sign-in, tabs that lag behind, versions of an app side by side, and
// those who wait for it all.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  createSyncClient,
  defineDataset,
  type Definitions,
  type JsonValue,
  type SyncClient,
  type SyncClientOptions,
} from "./index.ts";
import { fakeRuntime, memoryCloud, memoryStore, type FakeRuntime, type MemoryCloud } from "./testing/index.ts";

let cloud: MemoryCloud;
let runtime: FakeRuntime;
let tests = 0;
const clients: AsyncDisposable[] = [];
const ann = { test: "ann" };

function device<const D extends Definitions>(options: Partial<SyncClientOptions<D>> = {}): SyncClient<D> {
  const client = createSyncClient<D>({ cloud, runtime, storage: memoryStore(), autoSync: false, ...options });
  clients.push(client);
  return client;
}

async function signedIn<const D extends Definitions>(options: Partial<SyncClientOptions<D>> = {}) {
  const client = device(options);
  await client.signIn(ann);
  return client;
}

/** A schema of the test's own. */
const allowing = <T>(isAllowed: (value: T) => boolean) => ({
  "~standard": {
    version: 1 as const,
    vendor: "test",
    validate: (value: unknown) => (isAllowed(value as T) ? { value: value as T } : { issues: [{ message: "no" }] }),
  },
});

beforeEach(() => {
  cloud = memoryCloud();
  runtime = fakeRuntime();
  tests += 1;
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
});

describe("writes and identities", () => {
  it("what is written during a sign-in is there after it, and goes up", async () => {
    const client: SyncClient = device({ storage: undefined, databaseName: `races-${tests}` } as object);
    const notes = client.dataset("notes");
    await client.signIn(ann);
    await client.signOut();
    await notes.bulkPut(Array.from({ length: 500 }, (_, index) => [`before-${index}`, index] as const));
    let signing = true;
    const signedInAgain = client.signIn(ann).finally(() => (signing = false));
    let written = 0;
    while (signing) await notes.put(`during-${(written += 1)}`, written);
    await signedInAgain;
    expect((await notes.getAll({ prefix: "during" })).size).toBe(written);
    expect((await notes.getAll({ prefix: "before" })).size).toBe(500);
    await client.synchronize();
    expect(cloud.records(cloud.identityOf(ann), "notes").size).toBe(500 + written);
  });

  it("what another tab writes before it has heard of the sign-in comes along", async () => {
    const storage = memoryStore();
    const [one, two] = [device({ storage }), device({ storage })];
    await one.signIn(ann);
    await vi.waitFor(() => expect(two.opened).resolves.toBeUndefined());
    await one.signOut();
    await vi.waitFor(() => expect(two.identity.getSnapshot().kind).toBe("unknown"));
    await one.signIn(ann);
    await two.dataset("notes").put("late", 1);
    await vi.waitFor(async () => expect(await one.dataset("notes").get("late")).toBe(1));
    await one.synchronize();
    expect(cloud.records(cloud.identityOf(ann), "notes").get("late")).toBe(1);
  });

  it("each work of nobody that meets the user's leaves a conflict of its own", async () => {
    const client = await signedIn();
    const notes = client.dataset("notes");
    await notes.put("n", "a");
    for (const value of ["u1", "u2"]) {
      await client.signOut({ unsynced: "keep" });
      await runtime.advance(1_000);
      await notes.put("n", value);
      await client.signIn(ann);
    }
    expect((await client.conflicts()).map(({ kind }) => kind)).toEqual(["guest-merge", "guest-merge"]);
  });

  it("a handle pinned to a guest goes on with the identity that the guest was merged into", async () => {
    const client = device();
    await client.dataset("notes").put("g", 1);
    await client.synchronize();
    const pinned = client.dataset("notes", { identityId: client.identity.getSnapshot().identityId ?? "" });
    await client.signIn(ann);
    expect(await pinned.get("g")).toBe(1);
  });

  it("what stood on a screen of one identity goes when it leaves", async () => {
    const client = await signedIn();
    await client.dataset("notes").put("n", 1);
    const pinned = client.dataset("notes", { identityId: client.identity.getSnapshot().identityId ?? "" });
    const query = pinned.query();
    let told = 0;
    query.subscribe(() => (told += 1));
    await vi.waitFor(() => expect(query.getSnapshot().total).toBe(1));
    told = 0;
    await client.signOut({ unsynced: "keep" });
    expect([query.getSnapshot().total, told > 0]).toEqual([0, true]);
  });
});

describe("the order of writes", () => {
  it("is that of the calls, before and after opening", async () => {
    const client: SyncClient = device();
    const first = client.dataset("notes").put("k", "1");
    await client.opened;
    await Promise.all([first, client.dataset("notes").put("k", "2")]);
    expect(await client.dataset("notes").get("k")).toBe("2");
  });

  it("lets the last of two entries of one bulkPut win, as a whole", async () => {
    const client: SyncClient = device();
    const notes = client.dataset("notes");
    await notes.getAll();
    await notes.bulkPut([
      ["k", { title: "1", body: "b" }],
      ["k", { title: "2" }],
    ]);
    expect(await notes.get("k")).toEqual({ title: "2" });
  });
});

describe("versions of an app side by side", () => {
  interface Old {
    title?: string;
    text?: string;
    a?: number;
    b?: number;
  }
  const upgrade = (value: JsonValue): JsonValue => {
    if (typeof value !== "object" || value === null || !("title" in value)) throw new TypeError("no old value");
    const { title = null, ...rest } = value as Record<string, JsonValue>;
    return { ...rest, text: title };
  };
  const older = { notes: defineDataset<Old>() };
  const newer = { notes: defineDataset<Old>({ version: 2, upgrade }) };

  it("S-19: an older version's edit waits beside what a newer one wrote, and joins it there later", async () => {
    const storage = memoryStore();
    const [old, next] = [await signedIn({ datasets: older, storage }), await signedIn({ datasets: newer })];
    await old.dataset("notes").put("n", { title: "t" });
    for (const client of [old, next]) await client.synchronize();
    await next.dataset("notes").update("n", (note) => void (note.b = 1));
    await runtime.advance(1_000);
    await old.dataset("notes").update("n", (note) => void (note.a = 1));
    for (const client of [next, old, next]) await client.synchronize();
    expect(await next.dataset("notes").get("n")).toEqual({ text: "t", b: 1 });
    expect(await old.dataset("notes").get("n")).toEqual({ title: "t", a: 1 });
    expect(old.problems.getSnapshot()).toMatchObject([
      { type: "unreadable", keys: ["n"], error: { code: "format-too-new" } },
    ]);
    await expect(old.dataset("notes").whenSynced({ key: "n" })).rejects.toMatchObject({ code: "format-too-new" });
    await old.close();
    const updated = device({ datasets: newer, storage });
    await updated.synchronize();
    await next.synchronize();
    expect(await updated.dataset("notes").get("n")).toEqual(await next.dataset("notes").get("n"));
    expect(await next.dataset("notes").get("n")).toMatchObject({ text: "t", a: 1 });
    expect(updated.status.getSnapshot().state).toBe("saved");
  });

  it("two changes that the schema does not allow together wait for a person", async () => {
    const schema = allowing<Old>(({ a, b }) => a === undefined || b === undefined);
    const datasets = { notes: defineDataset<Old>({ schema }) };
    const [a, b] = [await signedIn({ datasets }), await signedIn({ datasets })];
    await a.dataset("notes").put("n", { title: "t" });
    for (const client of [a, b]) await client.synchronize();
    await a.dataset("notes").put("n", { title: "t", a: 1 });
    await b.dataset("notes").put("n", { title: "t", b: 1 });
    for (const client of [a, b, a]) await client.synchronize();
    expect(await a.dataset("notes").get("n")).toEqual({ title: "t", a: 1 });
    expect(await b.dataset("notes").get("n")).toEqual({ title: "t", b: 1 });
    const [open] = await b.conflicts();
    await b.resolveConflict(open?.id ?? "", { type: "value", value: { title: "both" } });
    for (const client of [b, a]) await client.synchronize();
    expect(await a.dataset("notes").get("n")).toEqual({ title: "both" });
  });
});

describe("waiting", () => {
  it("whenSynced waits for what a decision brought back, and ends when the client is closed", async () => {
    const [a, b]: SyncClient[] = [await signedIn(), await signedIn()];
    if (!a || !b) throw new Error("two devices");
    await a.dataset("notes").put("n", "first");
    for (const client of [a, b]) await client.synchronize();
    await a.dataset("notes").put("n", "older");
    await runtime.advance(1_000);
    await b.dataset("notes").put("n", "newer");
    for (const client of [a, b]) await client.synchronize();
    runtime.setOnline(false);
    const [settled] = await b.conflicts();
    await b.resolveConflict(settled?.id ?? "", { type: "remote" });
    let isDone = false;
    const waiting = b
      .dataset("notes")
      .whenSynced()
      .finally(() => (isDone = true));
    const ended = expect(waiting).rejects.toMatchObject({ code: "closed" });
    await runtime.advance(1_000);
    expect(isDone).toBe(false);
    await b.close();
    await ended;
  });

  it("auto sync starts whatever the first use is", async () => {
    const client: SyncClient = device({ autoSync: true });
    await client.datasets();
    await client.dataset("notes").put("a", 1);
    await runtime.advance(5_000);
    expect(client.status.getSnapshot()).toMatchObject({ state: "saved", pending: 0 });
  });

  it("an aborted signal begins nothing", async () => {
    const client = device();
    const signal = AbortSignal.abort();
    await expect(client.signIn(ann, { signal })).rejects.toMatchObject({ code: "aborted" });
    expect(client.identity.getSnapshot().kind).not.toBe("authenticated");
    await expect(client.synchronize({ signal })).rejects.toMatchObject({ code: "aborted" });
  });

  it("a dataset that is written all the time lets the others have their turn", async () => {
    const datasets = { busy: defineDataset<number>({ priority: 1 }), calm: defineDataset<number>() };
    const client = await signedIn({ datasets });
    await client.dataset("busy").put("k", 0);
    await client.dataset("calm").put("k", 0);
    let edits = 0;
    client.dataset("busy").status.subscribe(() => {
      if (edits < 500) void client.dataset("busy").put("k", (edits += 1));
    });
    await client.synchronize();
    expect(cloud.records(cloud.identityOf(ann), "calm").size).toBe(1);
    expect(edits).toBeLessThan(500);
  });
});

describe("what is told", () => {
  it("a refusal that concerns every dataset is a problem, and stays one while nothing can be tried", async () => {
    const datasets = { one: defineDataset<number>(), two: defineDataset<number>() };
    const client = await signedIn({ datasets });
    cloud.fail({ code: "access-denied", times: 1 });
    await client.synchronize();
    expect(client.status.getSnapshot().state).toBe("attention");
    expect(client.problems.getSnapshot()).toMatchObject([{ type: "blocked", dataset: null }]);
    await client.synchronize();
    expect(client.problems.getSnapshot()).toEqual([]);
    await client.dataset("one").put("k", 1);
    cloud.fail({ code: "access-denied", dataset: "one", times: 1 });
    await client.synchronize();
    const told = client.problems.getSnapshot();
    expect(told).toMatchObject([{ type: "blocked", dataset: "one" }]);
    runtime.setOnline(false);
    await client.synchronize();
    await client.dataset("two").put("k", 1);
    expect(client.problems.getSnapshot()).toBe(told);
  });

  it("an edit that is synced only when asked is not being saved", async () => {
    const client = await signedIn({ datasets: { slow: defineDataset<number>({ sync: "manual" }) }, autoSync: true });
    await client.dataset("slow").put("k", 1);
    await runtime.advance(5_000);
    expect(client.status.getSnapshot()).toMatchObject({ state: "waiting", pending: 1 });
  });

  it("a conflict that ends by itself is no problem any more", async () => {
    const datasets = { notes: defineDataset<string>({ resolver: () => ({ type: "ask" }) }) };
    const [a, b] = [await signedIn({ datasets }), await signedIn({ datasets })];
    await a.dataset("notes").put("n", "t");
    for (const client of [a, b]) await client.synchronize();
    await a.dataset("notes").put("n", "A");
    await b.dataset("notes").put("n", "B");
    for (const client of [a, b]) await client.synchronize();
    expect(b.status.getSnapshot()).toMatchObject({ state: "attention", conflicts: 1 });
    await a.dataset("notes").put("n", "B");
    for (const client of [a, b]) await client.synchronize();
    await vi.waitFor(() => expect(b.problems.getSnapshot()).toEqual([]));
    expect(b.status.getSnapshot()).toMatchObject({ state: "saved", conflicts: 0 });
    expect((await b.conflicts()).map(({ state }) => state)).toEqual(["settled"]);
  });

  it("a storage that can't be opened is a problem", async () => {
    const open = () => Promise.reject(new DOMException("no", "SecurityError"));
    const client = device({ storage: { ...memoryStore(), open } as ReturnType<typeof memoryStore> });
    await expect(client.opened).rejects.toThrow();
    expect(client.problems.getSnapshot()).toMatchObject([{ type: "storage" }]);
  });

  it("a query tells its listener although another one has read it before", async () => {
    const client: SyncClient = device();
    const notes = client.dataset("notes");
    const query = notes.query();
    notes.subscribe(() => query.getSnapshot());
    await notes.getAll();
    let told = 0;
    query.subscribe(() => (told += 1));
    await notes.put("k", 1);
    expect(told).toBeGreaterThan(0);
    const { records } = notes.getSnapshot();
    expect(() => (records as Map<string, JsonValue>).set("x", 1)).toThrow(TypeError);
  });
});
