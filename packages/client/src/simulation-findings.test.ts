// What simulated runs have found, each as a test of its own.
import { counter, byPath } from "@holdfast/core";
import { describe, expect, it } from "vitest";
import { askUser, createSyncClient, type Definitions, type SyncClientOptions } from "./index.ts";
import type { LocalStoreImplementation, Vault } from "./local-store.ts";
import { fakeRuntime, memoryCloud, memoryStore } from "./testing/index.ts";

const login = { test: "ann" };
type Numbers = Record<string, number>;

function world(options: Partial<SyncClientOptions<Definitions>> = {}) {
  const cloud = memoryCloud();
  let seed = 0;
  const open = (own: Partial<SyncClientOptions<Definitions>> = {}) =>
    createSyncClient<Definitions>({
      ...{ cloud, autoSync: false, storage: memoryStore(), runtime: fakeRuntime({ seed: (seed += 1) }) },
      ...options,
      ...own,
    });
  return { cloud, open };
}

/** A store before whose transactions `meanwhile` happens. */
function slowly(store: LocalStoreImplementation) {
  const slow = { meanwhile: async (): Promise<unknown> => undefined };
  const storage: LocalStoreImplementation = {
    ...store,
    open: async (name, options) => {
      const vault: Vault = await store.open(name, options);
      const transact = vault.transact.bind(vault);
      vault.transact = async (...given) => {
        await slow.meanwhile();
        return transact(...given);
      };
      return vault;
    },
  };
  return { slow, storage };
}

/** A store whose list of conflicts is read, and arrives only after `meanwhile`. */
function slowConflicts(store: LocalStoreImplementation) {
  const slow = { meanwhile: async (): Promise<unknown> => undefined };
  const storage: LocalStoreImplementation = {
    ...store,
    open: async (name, options) => {
      const vault: Vault = await store.open(name, options);
      const read = vault.conflicts.bind(vault);
      vault.conflicts = async () => {
        const found = await read();
        await slow.meanwhile();
        return found;
      };
      return vault;
    },
  };
  return { slow, storage };
}

describe("what simulated runs have found", () => {
  it("two devices that count up from the same number to the same number have counted twice", async () => {
    const { cloud, open } = world({ resolver: byPath({ "/count": counter() }) });
    const clients = [open(), open()];
    for (const client of clients) await client.signIn(login);
    const [a, b] = clients.map((client) => client.dataset<Numbers>("notes"));
    await a?.put("n", { count: 1 });
    for (const client of clients) await client.synchronize();
    for (const notes of [a, b]) await notes?.update("n", (draft) => void (draft["count"] = 2));
    for (const client of [...clients, ...clients]) await client.synchronize();
    expect(cloud.records(cloud.identityOf(login), "notes").get("n")).toEqual({ count: 3 });
    expect(await a?.get("n")).toEqual({ count: 3 });
  });

  it("what came from the cloud while a conflict was being decided is named in its record", async () => {
    const { slow, storage } = slowConflicts(memoryStore());
    const { open } = world({ resolver: askUser });
    const [here, there] = [open({ storage }), open()];
    for (const client of [here, there]) await client.signIn(login);
    const [mine, theirs] = [here.dataset("notes"), there.dataset("notes")];
    await mine.put("k", { x: 0 });
    await here.synchronize();
    await there.synchronize();
    await theirs.put("k", { x: 1 });
    await there.synchronize();
    await mine.put("k", { x: 2 });
    await here.synchronize();
    const [conflict] = await here.conflicts();
    await theirs.put("k", { x: 3 });
    await there.synchronize();
    let isFirst = true;
    slow.meanwhile = async () => {
      if (!isFirst) return;
      isFirst = false;
      await here.synchronize();
    };
    await here.resolveConflict(conflict?.id ?? "", { type: "local" });
    const [settled] = await here.conflicts();
    expect(settled).toMatchObject({ state: "settled", local: { x: 2 }, remote: { x: 3 }, result: { x: 2 } });
  });

  it("`saved` is not said of a tab's own write because another tab's went up unheard", async () => {
    const { open } = world();
    const runtime = fakeRuntime();
    const deaf = { ...runtime, channel: () => ({ post: () => {}, close: () => {} }) };
    const storage = memoryStore();
    const [tab, other] = [open({ storage, runtime: deaf }), open({ storage, runtime })];
    await tab.signIn(login);
    await other.signIn(login);
    await tab.dataset("notes").put("a", 1);
    await other.dataset("notes").put("b", 1);
    await tab.synchronize();
    await tab.dataset("notes").put("c", 1);
    expect(tab.status.getSnapshot()).toMatchObject({ state: "waiting", pending: 1 });
  });

  it("what another tab stored and never told of, as it crashed, is shown after the next sync", async () => {
    const { open } = world();
    const runtime = fakeRuntime();
    const deaf = { ...runtime, channel: () => ({ post: () => {}, close: () => {} }) };
    const storage = memoryStore();
    const [tab, other] = [open({ storage, runtime: deaf }), open({ storage, runtime })];
    await tab.signIn(login);
    await other.signIn(login);
    await tab.dataset("notes").put("a", 1);
    await tab.synchronize();
    await tab.dataset("notes").getAll();
    tab.dataset("notes").subscribe(() => {});
    await other.dataset("notes").put("b", 2);
    await other.synchronize();
    await tab.synchronize();
    expect(tab.status.getSnapshot()).toMatchObject({ state: "saved", pending: 0 });
    expect(await tab.dataset("notes").get("b")).toBe(2);
  });

  it("`saved` is not said while what a guest wrote is on its way to the user who signs in", async () => {
    const { cloud, open } = world();
    const runtime = fakeRuntime();
    // Before each local transaction something happens for which the status is looked at anew.
    const { slow, storage } = slowly(memoryStore());
    const client = open({ runtime, storage });
    const notes = client.dataset("notes");
    await notes.put("k", 1);
    await client.synchronize();
    const user = cloud.identityOf(login);
    const untrue: unknown[] = [];
    client.status.subscribe(() => {
      const isUsers = client.identity.getSnapshot().identityId === user;
      const { state } = client.status.getSnapshot();
      if (isUsers && state === "saved" && !cloud.records(user, "notes").has("k"))
        untrue.push(client.status.getSnapshot());
    });
    slow.meanwhile = async () => {
      runtime.setOnline(false);
      runtime.setOnline(true);
    };
    await client.signIn(login);
    expect(client.status.getSnapshot().state).toBe("waiting");
    await client.synchronize();
    expect(untrue).toEqual([]);
    expect(client.status.getSnapshot().state).toBe("saved");
  });
});
