// What a browser does to a database, and what the client makes of it. Faults that other products had (CASES.md).
import { IDBDatabase, IDBObjectStore } from "fake-indexeddb";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createSyncClient, type SyncClient } from "./index.ts";
import { fakeRuntime, memoryCloud, type FakeRuntime, type MemoryCloud } from "./testing/index.ts";

let cloud: MemoryCloud;
let runtime: FakeRuntime;
const clients: SyncClient[] = [];
let tests = 0;
const ann = { test: "ann" };

/** A tab: those of one test share the database. */
function tab(): SyncClient {
  const client: SyncClient = createSyncClient({ cloud, runtime, autoSync: false, databaseName: `tabs-${tests}` });
  clients.push(client);
  return client;
}

beforeEach(() => {
  tests += 1;
  cloud = memoryCloud();
  runtime = fakeRuntime();
});

afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

describe("the browser's storage", () => {
  it("C13: a full disk refuses the write, keeps the old value, and the next one works", async () => {
    const notes = tab().dataset("notes");
    await notes.put("q", "old");
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementationOnce(() => {
      throw new DOMException("no room", "QuotaExceededError");
    });
    await expect(notes.put("q", "new")).rejects.toMatchObject({ code: "storage-full" });
    expect(await notes.get("q")).toBe("old");
    expect(await clients[0]?.datasets()).toMatchObject([{ name: "notes", pending: 1 }]);
    await notes.put("q", "new2");
    expect(await notes.get("q")).toBe("new2");
  });

  it("C14: a connection that was lost is opened again, once, and the write is made", async () => {
    const notes = tab().dataset("notes");
    await notes.put("a", 1);
    vi.spyOn(IDBDatabase.prototype, "transaction").mockImplementationOnce(() => {
      throw new DOMException("closing", "InvalidStateError");
    });
    await notes.put("a", 2);
    expect(await notes.get("a")).toBe(2);
    expect(await clients[0]?.datasets()).toMatchObject([{ name: "notes", records: 1, pending: 1 }]);
  });

  it("C18: a tab whose database another version upgrades lets go, and is told to reload", async () => {
    const client = tab();
    await client.dataset("notes").put("a", 1);
    const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
    const vault = names.find((name) => name.startsWith(`tabs-${tests}@`) && name.includes("/")) ?? "";
    const upgraded = await new Promise<number>((resolve, reject) => {
      const request = indexedDB.open(vault, 9_999);
      request.onsuccess = () => {
        resolve(request.result.version);
        request.result.close();
      };
      request.onblocked = () => reject(new Error("blocked"));
    });
    expect(upgraded).toBe(9_999);
    expect(client.status.getSnapshot().error?.code).toBe("reload-needed");
    expect(client.problems.getSnapshot()).toMatchObject([{ type: "storage", error: { code: "reload-needed" } }]);
    await expect(client.dataset("notes").put("a", 2)).rejects.toMatchObject({ code: "reload-needed" });
    await expect(tab().dataset("notes").get("a")).rejects.toMatchObject({ code: "reload-needed" });
  });

  it("C35: what was pulled and not stored is pulled again: the checkpoint never runs ahead", async () => {
    const [a, b] = [tab(), createSyncClient({ cloud, runtime, autoSync: false, databaseName: `other-${tests}` })];
    clients.push(b);
    await a.signIn(ann);
    await a.dataset("notes").bulkPut([1, 2, 3, 4, 5, 6].map((index) => [`k${index}`, index] as const));
    await a.synchronize();
    await b.signIn(ann);
    const notes = b.dataset("notes");
    await notes.get("k1");
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementationOnce(() => {
      throw new DOMException("crash", "UnknownError");
    });
    expect((await notes.synchronize()).verified).toBe(false);
    expect((await notes.getAll()).size).toBe(0);
    expect(await notes.synchronize()).toMatchObject({ verified: true, pulled: 6 });
    expect((await notes.getAll()).size).toBe(6);
  });
});

describe("tabs", () => {
  it("C19: a write of the second tab is synced there too when the first one pushes it", async () => {
    const [one, two] = [tab(), tab()];
    await two.opened;
    await one.signIn(ann);
    await vi.waitFor(() => expect(two.identity.getSnapshot().kind).toBe("authenticated"));
    const record = two.dataset("notes").record("m");
    const states: string[] = [];
    record.subscribe(() => states.push(record.getSnapshot().syncState));
    await two.opened;
    await two.dataset("notes").put("m", "hi");
    await vi.waitFor(() => expect(record.getSnapshot().syncState).toBe("pending"));
    const synced = two.dataset("notes").whenSynced({ key: "m" });
    await one.synchronize();
    await synced;
    await vi.waitFor(() => expect(record.getSnapshot().syncState).toBe("synced"));
    expect([one.status.getSnapshot().pending, two.status.getSnapshot().pending]).toEqual([0, 0]);
    expect(cloud.records(cloud.identityOf(ann), "notes").get("m")).toBe("hi");
  });

  it("C20: a subscription that starts during a long write does not miss it", async () => {
    const [one, two] = [tab(), tab()];
    await two.opened;
    await two.dataset("notes").get("k");
    const writing = one
      .dataset("notes")
      .bulkPut(Array.from({ length: 20_000 }, (_, index) => [`k${index}`, index] as const));
    const query = two.dataset("notes").query({ limit: 1 });
    let last = 0;
    query.subscribe(() => (last = query.getSnapshot().total));
    await writing;
    await vi.waitFor(() => expect(query.getSnapshot().total).toBe(20_000), 10_000);
    expect(last).toBe(20_000);
  });
});

describe("who it is", () => {
  it("C22: a start without network shows the last identity's data, and later goes on under it", async () => {
    const online = tab();
    await online.dataset("notes").put("a", 1);
    await online.synchronize();
    const { identityId } = online.identity.getSnapshot();
    await online.dataset("notes").put("b", 2);
    await online.close();
    runtime.setOnline(false);
    const offline = tab();
    const notes = offline.dataset("notes");
    expect([await notes.get("a"), await notes.get("b")]).toEqual([1, 2]);
    expect(offline.identity.getSnapshot()).toMatchObject({ identityId, kind: "guest" });
    runtime.setOnline(true);
    await offline.synchronize();
    expect(Object.fromEntries(cloud.records(identityId ?? "", "notes"))).toEqual({ a: 1, b: 2 });
  });

  it("C25: two people in one browser never see or push each other's records", async () => {
    const client = tab();
    const notes = client.dataset("notes");
    await client.signIn(ann);
    runtime.setOnline(false);
    await notes.put("k", "one");
    await client.signOut({ unsynced: "keep" });
    runtime.setOnline(true);
    const bob = { test: "bob" };
    await client.signIn(bob);
    expect(await notes.get("k")).toBeUndefined();
    await notes.put("k", "two");
    await client.synchronize();
    expect(cloud.records(cloud.identityOf(ann), "notes").size).toBe(0);
    expect(cloud.records(cloud.identityOf(bob), "notes").get("k")).toBe("two");
    await client.signOut();
    await client.signIn(ann);
    expect(client.status.getSnapshot().pending).toBe(1);
    await client.synchronize();
    expect(cloud.records(cloud.identityOf(ann), "notes").get("k")).toBe("one");
  });
});
