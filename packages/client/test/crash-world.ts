// Two devices of one person: what the first one does is thrown away at a step, and finished by its next page.
import { parseDatasetName, type CommitId, type ConflictRecord } from "@holdfast/core";
import { expect } from "vitest";
import { createSyncClient, newestWins, type AnyResolver, type SyncClient } from "../src/index.ts";
import { fakeRuntime, memoryStore, type FakeRuntime } from "../src/testing/index.ts";
import { MemoryTable } from "../src/testing/memory-table.ts";
import { DoomedPage } from "./doomed-page.ts";
import { annsLogins, tableCloud } from "./table-cloud.ts";

export const notesName = parseDatasetName("notes");

/** One text for each device, so that what each of them wrote can be looked for. */
type Note = Readonly<Record<string, string>>;

export interface Scenario {
  readonly resolver?: AnyResolver;
  /** What is there before the page that will be thrown away does anything. */
  readonly prepare?: (world: World) => Promise<void>;
  /** What the page does until it is gone. */
  readonly act: (world: World) => Promise<void>;
  /** What a person or an operator does after it, where the page no longer could. */
  readonly finish?: (world: World) => Promise<void>;
  /** Conflicts that may be told: none where nobody else wrote the same. */
  readonly conflicts?: readonly ConflictRecord["kind"][];
  /** What must hold at the end beside what always must. */
  readonly check?: (world: World, conflicts: readonly ConflictRecord[]) => void;
}

let databases = 0;

export class World {
  readonly table = new MemoryTable();
  readonly b: SyncClient;
  /** The page of device A, and those after it. */
  a: SyncClient;
  runtime: FakeRuntime;
  /** By key: the last write of device A that it was told to be durable, and the last that it asked for. */
  readonly acknowledged = new Map<string, string>();
  readonly asked = new Map<string, string>();
  readonly landed: CommitId[] = [];
  readonly #database = `crash-${(databases += 1)}`;
  readonly #resolver: AnyResolver;
  #pages = 0;

  constructor(resolver: AnyResolver) {
    this.#resolver = resolver;
    this.table.onCommit = (_, { commit }) => this.landed.push(commit);
    const runtime = fakeRuntime({ seed: 2 });
    this.b = createSyncClient({
      cloud: tableCloud(this.table),
      storage: memoryStore(),
      runtime,
      autoSync: false,
      resolver,
    });
    this.b.dataset("notes");
    this.runtime = fakeRuntime({ seed: 1 });
    this.a = this.#open(tableCloud(this.table));
  }

  /** Another page of device A, on the same database. */
  openPage(cloud = tableCloud(this.table)): void {
    // Another seed for each: real pages never make the same ids.
    this.runtime = fakeRuntime({ now: this.runtime.now() + 1_000, seed: 10 + (this.#pages += 1) });
    this.a = this.#open(cloud);
  }

  #open(cloud: ReturnType<typeof tableCloud>): SyncClient {
    const [runtime, resolver] = [this.runtime, this.#resolver];
    const client: SyncClient = createSyncClient({
      ...{ cloud, runtime, resolver, databaseName: this.#database, autoSync: false },
    });
    client.dataset("notes");
    return client;
  }

  /** Device A writes its own text into a note. */
  async write(key: string, text: string): Promise<void> {
    this.asked.set(key, text);
    await notesOf(this.a).update(key, (note) => ({ ...note, a: text }), { initial: {} });
    this.acknowledged.set(key, text);
  }

  /** Both devices have the same, and the cloud has it. */
  async start(...keys: readonly string[]): Promise<void> {
    for (const client of [this.a, this.b]) await client.signIn(annsLogins);
    for (const key of keys) await this.write(key, "first");
    await this.a.synchronize();
    await this.b.dataset("notes").synchronize();
  }

  /** Device B writes upon what it can see, or after it has looked. */
  async writeElsewhere(key: string, note: Note, { looksFirst = false } = {}): Promise<void> {
    if (looksFirst) await this.b.synchronize();
    await notesOf(this.b).update(key, (current) => ({ ...current, ...note }), { initial: {} });
    await this.b.synchronize();
    // What it has seen and written over is no longer to be found.
    if ("a" in note) this.acknowledged.delete(key);
  }

  /** Something else than Holdfast has written into the database. */
  async damageRow(key: string): Promise<void> {
    const names = (await indexedDB.databases()).flatMap(({ name }) => name ?? []);
    for (const name of names.filter((candidate) => candidate.startsWith(`${this.#database}@`))) {
      const db = await new Promise<IDBDatabase>((resolve) => {
        const request = indexedDB.open(name);
        request.onsuccess = () => resolve(request.result);
      });
      const transaction = db.transaction("records", "readwrite");
      const store = transaction.objectStore("records");
      const found = store.get(["notes", key]);
      found.onsuccess = () => {
        if (found.result) store.put({ ...found.result, c: 7 });
      };
      await new Promise((resolve) => (transaction.oncomplete = resolve));
      db.close();
    }
  }

  inCloud(): Readonly<Record<string, Note>> {
    const notes: Record<string, Note> = {};
    for (const [key, value] of Object.entries(this.table.values(notesName))) {
      notes[key] = Object.fromEntries(Object.entries(Object(value)).map(([name, text]) => [name, String(text)]));
    }
    return notes;
  }
}

export const notesOf = (client: SyncClient) => client.dataset<Note>("notes");

/** Runs the scenario with a page that is gone at the given step; true: it never came to it. */
async function run(scenario: Scenario, dyingStep: number): Promise<boolean> {
  const world = new World(scenario.resolver ?? newestWins);
  await scenario.prepare?.(world);
  await world.a.close();
  const isWhole = await runPage(world, dyingStep, () => scenario.act(world));
  world.table.faults.length = 0;
  // Now and then the next page is thrown away as well, while it finishes.
  const again = dyingStep % 3 === 0 && !isWhole ? (dyingStep * 7) % 40 : null;
  if (again !== null) await runPage(world, again, () => goOn(world, scenario));
  world.openPage();
  await finish(world, scenario, `thrown away at step ${dyingStep}${again === null ? "" : `, then at step ${again}`}`);
  return isWhole;
}

async function runPage(world: World, dyingStep: number, act: () => Promise<void>): Promise<boolean> {
  const page = new DoomedPage(dyingStep);
  try {
    world.openPage(page.cloud(tableCloud(world.table)));
    page.start();
    await Promise.race([act(), page.gone]);
  } finally {
    page.leave();
  }
  if (!page.isGone) await world.a.close();
  return !page.isGone;
}

/** What an app does when it starts, and a person after it. */
async function goOn(world: World, scenario: Scenario): Promise<void> {
  await world.a.signIn(annsLogins);
  await scenario.finish?.(world);
  await world.a.synchronize();
}

async function finish(world: World, scenario: Scenario, when: string): Promise<void> {
  const { a, b } = world;
  await b.signIn(annsLogins);
  await goOn(world, scenario);
  for (let round = 0; round < 3; round += 1) for (const client of [a, b]) await client.synchronize();

  const inCloud = world.inCloud();
  const conflicts = [...(await a.conflicts()), ...(await b.conflicts())];
  for (const client of [a, b]) {
    expect(Object.fromEntries(await notesOf(client).getAll()), when).toEqual(inCloud);
    expect(client.problems.getSnapshot(), when).toEqual([]);
    expect(client.status.getSnapshot(), when).toMatchObject({ state: "saved", pending: 0, conflicts: 0, rejected: 0 });
    expect(await notesOf(client).verify(), when).toEqual({ equal: true, differing: [], repaired: 0 });
  }
  for (const [key, text] of world.acknowledged) {
    const held = inCloud[key]?.["a"];
    const isNamed = conflicts.some((conflict) => conflict.key === key && JSON.stringify(conflict).includes(text));
    if (!isNamed) expect([text, world.asked.get(key)], `${when}: what was written into ${key}`).toContain(held);
  }
  const { conflicts: kinds = [] } = scenario;
  expect(
    conflicts.filter(({ kind }) => !kinds.includes(kind)),
    `${when}: conflicts`,
  ).toEqual([]);
  expect(new Set(world.landed).size, `${when}: commits that landed`).toBe(world.landed.length);
  scenario.check?.(world, conflicts);
  await Promise.all([a.close(), b.close()]);
}

/** Every step of the scenario, until it ends by itself. */
export async function runAll(scenario: Scenario): Promise<void> {
  let step = 0;
  while (!(await run(scenario, step))) step += 1;
  expect(step).toBeGreaterThan(10);
}
