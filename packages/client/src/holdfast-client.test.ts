// The client as an app uses it, in memory.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  askUser,
  byPath,
  counter,
  createSyncClient,
  defineDataset,
  highest,
  isSyncError,
  text,
  type Definitions,
  type SyncClient,
} from "./index.ts";
import { fakeRuntime, memoryCloud, memoryStore, type FakeRuntime, type MemoryCloud } from "./testing/index.ts";

interface Note {
  title: string;
  body?: string;
}

const datasets = {
  notes: defineDataset<Note>({ priority: 1 }),
  save: defineDataset<{ coins: number; best: number }>({
    resolver: byPath({ "/coins": counter(), "/best": highest() }),
  }),
  drafts: defineDataset<{ text: string }>({ sync: "never" }),
  "site.*": defineDataset<{ due: string }>(),
} satisfies Definitions;

let cloud: MemoryCloud;
let runtime: FakeRuntime;
const clients: AsyncDisposable[] = [];

function device(options: { storage?: ReturnType<typeof memoryStore>; autoSync?: boolean } = {}) {
  const { storage = memoryStore(), autoSync = false } = options;
  const client = createSyncClient({ cloud, datasets, runtime, storage, autoSync });
  clients.push(client);
  return client;
}

const ann = { test: "ann" };

async function signedIn(): Promise<SyncClient<typeof datasets>> {
  const client = device();
  await client.signIn(ann);
  return client;
}

beforeEach(() => {
  cloud = memoryCloud();
  runtime = fakeRuntime();
});

afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client[Symbol.asyncDispose]()));
});

describe("reading and writing", () => {
  it("puts, gets, lists and removes", async () => {
    const notes = device().dataset("notes");
    await notes.put("b", { title: "B" });
    await notes.bulkPut([
      ["a", { title: "A" }],
      ["c", { title: "C" }],
    ]);
    expect(await notes.get("a")).toEqual({ title: "A" });
    expect([...(await notes.getAll()).keys()]).toEqual(["a", "b", "c"]);
    expect([...(await notes.getAll({ after: "a", limit: 1 })).keys()]).toEqual(["b"]);
    expect(await notes.remove("b")).toEqual({ title: "B" });
    expect(await notes.remove("b")).toBeUndefined();
    expect([...(await notes.getAll({ prefix: "b" })).keys()]).toEqual([]);
    expect(await notes.get("b")).toBeUndefined();
  });

  it("copies what it is given", async () => {
    const notes = device().dataset("notes");
    const note: Note = { title: "A" };
    const written = notes.put("a", note);
    note.title = "changed";
    await written;
    expect(await notes.get("a")).toEqual({ title: "A" });
    expect(Object.isFrozen(await notes.get("a"))).toBe(true);
  });

  it("updates by a recipe, and tells what is missing", async () => {
    const notes = device().dataset("notes");
    await expect(notes.update("a", (draft) => void (draft.title = "x"))).rejects.toMatchObject({ code: "not-found" });
    const initial = { title: "new" };
    expect(await notes.update("a", (draft) => void (draft.body = "text"), { initial })).toEqual({
      title: "new",
      body: "text",
    });
    expect(await notes.update("a", (draft) => ({ title: `${draft.title}!` }))).toEqual({ title: "new!" });
  });

  it("reads what was written just before, awaited or not", async () => {
    const notes = device().dataset("notes");
    void notes.put("a", { title: "1" });
    void notes.put("a", { title: "2", body: "b" });
    void notes.update("a", (draft) => void (draft.body = "c"));
    expect(await notes.get("a")).toEqual({ title: "2", body: "c" });
    void notes.put("a", { title: "3" });
    expect([...(await notes.getAll()).values()]).toEqual([{ title: "3" }]);
  });

  it("refuses bad input with a typed error, and writes nothing", async () => {
    const notes = device().dataset("notes");
    const cycle: Record<string, unknown> = {};
    cycle["self"] = cycle;
    const tooDeep = JSON.parse(`${"[".repeat(200)}${"]".repeat(200)}`);
    const bad: readonly unknown[] = [
      undefined,
      NaN,
      () => 1,
      cycle,
      tooDeep,
      new Date(),
      new Map(),
      [undefined],
      "\ud800",
    ];
    for (const value of bad) {
      const written = notes.put("a", value as Note);
      await expect(written, String(value)).rejects.toMatchObject({ code: "invalid-value" });
    }
    await expect(notes.put("a", { title: "x".repeat(200_000) })).rejects.toMatchObject({ code: "value-too-large" });
    for (const key of ["", "\ud800", "k".repeat(801)]) {
      await expect(notes.put(key, { title: "A" })).rejects.toMatchObject({ code: "invalid-key" });
    }
    expect(() => device().dataset("no spaces" as "notes")).toThrow(/name/);
    expect(() => device().dataset("undeclared" as "notes")).toThrow(/Declare it/);
    await expect(
      notes.bulkPut([
        ["good", { title: "A" }],
        ["bad", { title: NaN as unknown as string }],
      ]),
    ).rejects.toMatchObject({ code: "invalid-value" });
    expect((await notes.getAll()).size).toBe(0);
  });

  it("one refused write takes no other with it", async () => {
    const notes = device().dataset("notes");
    await notes.put("a", { title: "A" });
    const results = await Promise.allSettled([
      notes.put("b", { title: "B" }),
      notes.update("a", () => {
        throw new Error("the recipe's own");
      }),
      notes.put("c", { title: "C" }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect([...(await notes.getAll()).keys()]).toEqual(["a", "b", "c"]);
  });

  it("keeps what was written when the client is opened again", async () => {
    const storage = memoryStore();
    const first = device({ storage });
    await first.dataset("notes").put("a", { title: "A" });
    await first.close();
    expect(await device({ storage }).dataset("notes").get("a")).toEqual({ title: "A" });
    await expect(first.dataset("notes").get("a")).rejects.toMatchObject({ code: "closed" });
  });
});

describe("watching", () => {
  it("a query is kept in order by the changed keys", async () => {
    const notes = device().dataset("notes");
    const query = notes.query({
      where: ({ title }) => title !== "hidden",
      sort: (a, b) => a.value.title.localeCompare(b.value.title),
      limit: 2,
    });
    const shown: string[][] = [];
    const show = () => shown.push(query.getSnapshot().rows.map(({ value }) => value.title));
    expect(query.getSnapshot().state).toBe("loading");
    const stop = query.subscribe(show);
    await notes.bulkPut([
      ["1", { title: "c" }],
      ["2", { title: "a" }],
      ["3", { title: "hidden" }],
    ]);
    await notes.put("4", { title: "b" });
    await notes.put("2", { title: "z" });
    await notes.remove("4");
    await notes.put("3", { title: "hidden" });
    expect(shown.at(-1)).toEqual(["c", "z"]);
    expect(shown).toContainEqual(["a", "b"]);
    expect(query.getSnapshot().total).toBe(2);
    const before = query.getSnapshot();
    await notes.put("9", { title: "hidden" });
    expect(query.getSnapshot()).toBe(before);
    stop();
    await notes.put("5", { title: "0" });
    expect(query.getSnapshot().rows[0]?.value.title).toBe("0");
  });

  it("subscribers are told once for each transaction, and one that throws stops nobody", async () => {
    const notes = device().dataset("notes");
    await notes.get("x");
    const changes: string[][] = [];
    const uncaught: unknown[] = [];
    const onUncaught = (error: unknown) => void uncaught.push(error);
    process.on("unhandledRejection", onUncaught);
    notes.subscribe(() => {
      throw new Error("a listener's own");
    });
    notes.subscribe((change) => void (change.type === "changed" && changes.push([...change.keys])));
    await Promise.all([notes.put("a", { title: "A" }), notes.put("b", { title: "B" })]);
    await notes.put("a", { title: "A" });
    expect(changes).toEqual([["a", "b"]]);
    await vi.waitFor(() => expect(uncaught.length).toBeGreaterThan(0));
    process.off("unhandledRejection", onUncaught);
  });

  it("a record's snapshot keeps its identity until something changes", async () => {
    const notes = device().dataset("notes");
    const record = notes.record("a");
    const stop = record.subscribe(() => {});
    await notes.put("a", { title: "A" });
    const first = record.getSnapshot();
    expect(first).toMatchObject({ value: { title: "A" }, syncState: "pending" });
    await notes.put("b", { title: "B" });
    expect(record.getSnapshot()).toBe(first);
    stop();
  });
});

describe("two devices", () => {
  it("what one writes the other has, removes too", async () => {
    const [a, b] = [await signedIn(), await signedIn()];
    await a.dataset("notes").put("n", { title: "A" });
    await a.dataset("drafts").put("d", { text: "mine alone" });
    expect(await a.synchronize()).toMatchObject({ outcome: "synced" });
    await b.synchronize();
    expect(await b.dataset("notes").get("n")).toEqual({ title: "A" });
    expect(await b.dataset("drafts").get("d")).toBeUndefined();
    await b.dataset("notes").remove("n");
    await b.synchronize();
    await a.synchronize();
    expect(await a.dataset("notes").get("n")).toBeUndefined();
    expect(a.status.getSnapshot()).toMatchObject({ state: "saved", pending: 0, recoverable: true });
  });

  it("counters add up, and fields of both are kept", async () => {
    const [a, b] = [await signedIn(), await signedIn()];
    await a.dataset("save").put("s", { coins: 10, best: 5 });
    await a.synchronize();
    await b.synchronize();
    await a.dataset("save").update("s", (save) => void (save.coins += 3));
    await b.dataset("save").update("s", (save) => {
      save.coins += 4;
      save.best = 9;
    });
    for (const client of [a, b, a]) await client.synchronize();
    expect(await a.dataset("save").get("s")).toEqual({ coins: 17, best: 9 });
    expect(await b.dataset("save").get("s")).toEqual({ coins: 17, best: 9 });
  });

  it("the same field: the newest is shown on both, the other value is kept and can be brought back", async () => {
    const [a, b] = [await signedIn(), await signedIn()];
    await a.dataset("notes").put("n", { title: "first" });
    await a.synchronize();
    await b.synchronize();
    await a.dataset("notes").put("n", { title: "older" });
    await runtime.advance(1_000);
    await b.dataset("notes").put("n", { title: "newer" });
    for (const client of [a, b, a]) await client.synchronize();
    expect(await a.dataset("notes").get("n")).toEqual({ title: "newer" });
    const [conflict] = await b.conflicts();
    expect(conflict).toMatchObject({ state: "settled", result: { title: "newer" }, remote: { title: "older" } });
    await b.resolveConflict(conflict?.id ?? "", { type: "remote" });
    for (const client of [b, a]) await client.synchronize();
    expect(await a.dataset("notes").get("n")).toEqual({ title: "older" });
  });

  it("what was written before anybody signed in belongs to the one who does", async () => {
    const a = device();
    await a.dataset("notes").put("early", { title: "early" });
    expect(a.identity.getSnapshot().kind).toBe("unknown");
    await a.signIn(ann);
    await a.synchronize();
    expect(cloud.records(cloud.identityOf(ann), "notes").get("early")).toEqual({ title: "early" });
    const b = await signedIn();
    await b.synchronize();
    expect(await b.dataset("notes").get("early")).toEqual({ title: "early" });
  });

  it("nothing of one identity is seen by another, and nothing is lost by signing out", async () => {
    const client = await signedIn();
    const notes = client.dataset("notes");
    const { identityId } = client.identity.getSnapshot();
    const pinned = client.dataset("notes", { identityId: identityId ?? "" });
    await notes.put("secret", { title: "ann's" });
    expect(await client.signOut({ unsynced: "keep" })).toEqual({ outcome: "signed-out", kept: 1, discarded: 0 });
    expect(await notes.get("secret")).toBeUndefined();
    await expect(pinned.put("x", { title: "x" })).rejects.toMatchObject({ code: "identity-changed" });
    await client.signIn({ test: "bob" });
    expect((await notes.getAll()).size).toBe(0);
    await client.signOut();
    await client.signIn(ann);
    expect(await notes.get("secret")).toEqual({ title: "ann's" });
  });

  it("stays signed in when something could not be flushed", async () => {
    const client = await signedIn();
    await client.dataset("notes").put("a", { title: "A" });
    runtime.setOnline(false);
    expect(await client.signOut()).toMatchObject({
      outcome: "still-signed-in",
      unsynced: 1,
      error: { code: "offline" },
    });
    expect(client.identity.getSnapshot().kind).toBe("authenticated");
  });

  it("a guest becomes a user, and brings its notes along", async () => {
    const client = device();
    await client.dataset("notes").put("g", { title: "guest's" });
    await client.synchronize();
    expect(client.identity.getSnapshot().kind).toBe("guest");
    expect(client.status.getSnapshot().recoverable).toBe(false);
    await client.signIn(ann);
    expect(await client.dataset("notes").get("g")).toEqual({ title: "guest's" });
    await client.synchronize();
    expect([...cloud.records(cloud.identityOf(ann), "notes").keys()]).toEqual(["g"]);
  });
});

describe("the state is told as it is", () => {
  it("waits while offline, and says so", async () => {
    const client = await signedIn();
    runtime.setOnline(false);
    await client.dataset("notes").put("a", { title: "A" });
    expect(client.status.getSnapshot()).toMatchObject({ state: "waiting", pending: 1, error: { code: "offline" } });
    expect(await client.synchronize()).toMatchObject({ outcome: "offline" });
    runtime.setOnline(true);
    await client.synchronize();
    expect(client.status.getSnapshot()).toMatchObject({ state: "saved", pending: 0, error: null });
  });

  it("a write is counted as unwritten until it is durable", async () => {
    const client = await signedIn();
    const written = client.dataset("notes").put("a", { title: "A" });
    expect(client.status.getSnapshot().unwritten).toBe(1);
    await written;
    expect(client.status.getSnapshot().unwritten).toBe(0);
  });

  it("an answer that is lost makes no conflict", async () => {
    const client = await signedIn();
    await client.dataset("notes").put("a", { title: "A" });
    cloud.fail({ code: "cloud-unavailable", afterApplying: true });
    expect(await client.synchronize()).toMatchObject({ outcome: "synced" });
    expect(await client.conflicts()).toEqual([]);
    expect(cloud.records(cloud.identityOf(ann), "notes").size).toBe(1);
  });

  it("a record that the cloud refuses is a problem; the rest goes up", async () => {
    const client = await signedIn();
    const notes = client.dataset("notes");
    await notes.bulkPut([
      ["bad", { title: "refused" }],
      ["good", { title: "fine" }],
    ]);
    cloud.fail({ code: "invalid-value", key: "bad", times: 9 });
    await client.synchronize();
    expect(client.status.getSnapshot()).toMatchObject({ state: "attention", rejected: 1 });
    const [problem] = client.problems.getSnapshot();
    expect(problem).toMatchObject({ type: "rejected", dataset: "notes", key: "bad" });
    expect([...cloud.records(cloud.identityOf(ann), "notes").keys()]).toEqual(["good"]);
    await expect(notes.whenSynced({ key: "bad" })).rejects.toMatchObject({ code: "invalid-value" });
  });

  it("a lane that is denied stops alone", async () => {
    const client = await signedIn();
    await client.dataset("notes").put("a", { title: "A" });
    await client.dataset("save").put("s", { coins: 1, best: 1 });
    cloud.fail({ code: "access-denied", dataset: "notes" });
    const report = await client.synchronize();
    expect(report.datasets.find(({ dataset }) => dataset === "save")).toMatchObject({ outcome: "synced", pushed: 1 });
    expect(report.datasets.find(({ dataset }) => dataset === "notes")).toMatchObject({ outcome: "blocked" });
    expect(client.problems.getSnapshot()).toMatchObject([{ type: "blocked", dataset: "notes" }]);
    await client.synchronize();
    expect(client.problems.getSnapshot()).toEqual([]);
  });

  it("lists the datasets here, and those that are only in the cloud", async () => {
    const [a, b] = [await signedIn(), await signedIn()];
    await a.dataset("site.1").put("s", { due: "today" });
    await a.synchronize();
    await b.opened;
    const listed = await b.datasets();
    expect(listed.find(({ name }) => name === "site.1")).toMatchObject({ local: false, records: 1 });
    expect(listed.find(({ name }) => name === "notes")).toMatchObject({ local: true });
  });
});

describe("auto sync", () => {
  it("pushes soon after a write, and finds what others wrote", async () => {
    const a = device({ autoSync: true });
    const b = device({ autoSync: true });
    await a.signIn(ann);
    await b.signIn(ann);
    await b.dataset("notes").get("n");
    await a.dataset("notes").put("n", { title: "A" });
    expect(a.status.getSnapshot().state).toBe("saving");
    await runtime.advance(1_000);
    expect(a.status.getSnapshot()).toMatchObject({ state: "saved", pending: 0 });
    await runtime.advance(20_000);
    expect(await b.dataset("notes").get("n")).toEqual({ title: "A" });
  });

  it("goes on by itself when the network is back", async () => {
    const a = device({ autoSync: true });
    await a.signIn(ann);
    runtime.setOnline(false);
    await a.dataset("notes").put("n", { title: "A" });
    await runtime.advance(60_000);
    expect(a.status.getSnapshot().state).toBe("waiting");
    runtime.setOnline(true);
    await runtime.advance(1_000);
    expect(a.status.getSnapshot().state).toBe("saved");
  });

  it("makes no guest before there is something to push", async () => {
    const a = device({ autoSync: true });
    await a.opened;
    await runtime.advance(120_000);
    expect(a.identity.getSnapshot().kind).toBe("unknown");
  });
});

it("touches nothing before the first use", async () => {
  const storage = memoryStore();
  const opened = vi.spyOn(storage, "open");
  const client = device({ storage, autoSync: true });
  client.dataset("notes");
  client.status.getSnapshot();
  expect(client.status.getServerSnapshot().state).toBe("loading");
  await runtime.advance(10_000);
  expect(opened).not.toHaveBeenCalled();
  await client.opened;
  expect(opened).toHaveBeenCalled();
});

it("what is not built yet says so and does nothing", async () => {
  const client = device();
  await expect(client.exportAll()).rejects.toSatisfy((error) => isSyncError(error, "internal"));
});

describe("two tabs of one device", () => {
  it("what one writes the other shows after the commit, and neither undoes the other", async () => {
    const storage = memoryStore();
    const [one, two] = [device({ storage }), device({ storage })];
    await one.signIn(ann);
    const query = two.dataset("notes").query();
    const stop = query.subscribe(() => {});
    await two.opened;
    await one.dataset("notes").put("n", { title: "A" });
    await vi.waitFor(() => expect(query.getSnapshot().rows[0]?.value).toEqual({ title: "A" }));
    await Promise.all([
      one.dataset("notes").put("n", { title: "A", body: "one" }),
      two.dataset("notes").put("n", { title: "two" }),
    ]);
    expect(await one.dataset("notes").get("n")).toEqual(await two.dataset("notes").get("n"));
    await vi.waitFor(async () => expect(await one.dataset("notes").get("n")).toEqual({ title: "two", body: "one" }));
    await Promise.all([one.synchronize(), two.synchronize()]);
    expect(cloud.records(cloud.identityOf(ann), "notes").get("n")).toEqual({ title: "two", body: "one" });
    await vi.waitFor(() => expect(two.status.getSnapshot()).toMatchObject({ state: "saved", pending: 0 }));
    stop();
  });

  it("when one signs in or out, the other goes along", async () => {
    const storage = memoryStore();
    const [one, two] = [device({ storage }), device({ storage })];
    await two.opened;
    await one.signIn(ann);
    await vi.waitFor(() => expect(two.identity.getSnapshot().kind).toBe("authenticated"));
    await one.dataset("notes").put("n", { title: "A" });
    expect(await two.dataset("notes").get("n")).toEqual({ title: "A" });
    await one.signOut({ unsynced: "keep" });
    await vi.waitFor(async () => expect(await two.dataset("notes").get("n")).toBeUndefined());
  });
});

it("what is written before a second sign-in joins what the user has, once, and the loser is kept", async () => {
  const storage = memoryStore();
  const first = device({ storage });
  await first.signIn(ann);
  await first.dataset("notes").put("n", { title: "ann's" });
  await first.dataset("notes").put("gone", { title: "to be removed" });
  await first.synchronize();
  await first.signOut();
  await runtime.advance(1_000);
  await first.dataset("notes").put("n", { title: "written by nobody" });
  await first.dataset("notes").put("gone", { title: "to be removed" });
  expect(await first.signIn(ann)).toMatchObject({ conflicts: 1 });
  expect(await first.dataset("notes").get("n")).toEqual({ title: "written by nobody" });
  expect(await first.conflicts()).toMatchObject([{ kind: "guest-merge", key: "n" }]);
  await first.dataset("notes").remove("gone");
  await first.close();
  const again = device({ storage });
  expect(await again.dataset("notes").get("gone")).toBeUndefined();
  expect((await again.dataset("notes").getAll()).size).toBe(1);
});

it("deciding a conflict keeps what the path policies merge", async () => {
  const definitions = { notes: defineDataset<Note>({ resolver: byPath({ "/body": text() }) }) };
  const make = () =>
    createSyncClient({ cloud, datasets: definitions, runtime, storage: memoryStore(), autoSync: false });
  const [a, b] = [make(), make()];
  clients.push(a, b);
  await a.signIn(ann);
  await b.signIn(ann);
  await a.dataset("notes").put("n", { title: "t", body: "milk\nbread" });
  for (const client of [a, b]) await client.synchronize();
  await a.dataset("notes").put("n", { title: "A", body: "eggs\nmilk\nbread" });
  await runtime.advance(1_000);
  await b.dataset("notes").put("n", { title: "B", body: "milk\nbread\napples" });
  for (const client of [a, b]) await client.synchronize();
  const [conflict] = await b.conflicts();
  expect(conflict?.clashes).toEqual(["/title"]);
  const merged = { title: "B", body: "eggs\nmilk\nbread\napples" };
  expect(await b.dataset("notes").get("n")).toEqual(merged);
  await b.resolveConflict(conflict?.id ?? "", { type: "local" });
  expect(await b.dataset("notes").get("n")).toEqual(merged);
  await b.resolveConflict(conflict?.id ?? "", { type: "remote" });
  expect(await b.dataset("notes").get("n")).toEqual({ ...merged, title: "A" });
});

it("an open conflict is decided by a person, and then goes up", async () => {
  const definitions = { notes: defineDataset<Note>({ resolver: askUser }) };
  const make = () =>
    createSyncClient({ cloud, datasets: definitions, runtime, storage: memoryStore(), autoSync: false });
  const [a, b] = [make(), make()];
  clients.push(a, b);
  await a.signIn(ann);
  await b.signIn(ann);
  await a.dataset("notes").put("n", { title: "t", body: "x" });
  for (const client of [a, b]) await client.synchronize();
  await a.dataset("notes").put("n", { title: "A", body: "x" });
  await b.dataset("notes").put("n", { title: "B", body: "y" });
  for (const client of [a, b]) await client.synchronize();
  expect(await b.dataset("notes").get("n")).toEqual({ title: "B", body: "y" });
  expect(b.status.getSnapshot()).toMatchObject({ state: "attention", conflicts: 1, pending: 0 });
  await vi.waitFor(() =>
    expect(b.problems.getSnapshot()).toMatchObject([{ type: "conflict", state: "open", key: "n" }]),
  );
  await expect(b.dataset("notes").whenSynced({ key: "n" })).rejects.toThrow(/conflict/);
  const [open] = await b.conflicts();
  await b.resolveConflict(open?.id ?? "", { type: "remote" });
  await vi.waitFor(() => expect(b.problems.getSnapshot()).toEqual([]));
  for (const client of [b, a]) await client.synchronize();
  for (const client of [a, b]) expect(await client.dataset("notes").get("n")).toEqual({ title: "A", body: "y" });
  expect(b.status.getSnapshot()).toMatchObject({ state: "saved", conflicts: 0 });
});
