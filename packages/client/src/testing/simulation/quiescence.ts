// The end of a simulated run: nothing goes wrong any more, everybody syncs until nothing is left to do, and then all that
// was promised must be true.
import { parseDatasetName, type IdentityId, type JsonValue } from "@holdfast/core";
import type { SyncClient } from "../../api.ts";
import { nextTurn } from "../../next-turn.ts";
import { seededRandom } from "../seeded-random.ts";
import type { Tab } from "./device.ts";
import { countPlace } from "./ghost.ts";
import { isHeadTrue } from "./counted.ts";
import type { World } from "./world.ts";

/** Rounds in which all sync, until all are equal. */
const roundsMax = 12;

/** Steps of one wait that nothing disturbs. */
const stepsMax = 20_000;

export async function comeToRest(world: World): Promise<void> {
  calmDown(world);
  if (!(await drive(world, () => world.lanes.length === 0 && !world.scheduler.hasAwaitedTimer))) {
    return world.violate("a run does not come to rest although nothing goes wrong any more");
  }
  for (let round = 1; round <= roundsMax; round += 1) {
    for (const tab of world.tabs) {
      if (!(await syncOne(world, tab))) return;
    }
    if (round >= 2 && (await isAllSaved(world))) break;
    // The same disagreement must be seen twice, ten minutes apart, before a head is repaired (S-10).
    if (round % 3 === 0) world.scheduler.clock += 11 * 60_000;
  }
  await checkEnd(world);
}

function calmDown(world: World): void {
  for (const tab of world.tabs) {
    tab.isFrozen = false;
    tab.isVisible = true;
    tab.device.isOnline = true;
  }
  for (const tab of world.tabs) for (const listener of tab.listeners) listener();
  for (const { refused } of world.cloud.tables.values()) refused.clear();
}

/** One after the other, whatever comes first, without faults. False: `done` is never reached. */
async function drive(world: World, done: () => boolean): Promise<boolean> {
  const random = seededRandom(world.plan.seed + world.operations);
  await nextTurn();
  for (let step = 0; step < stepsMax; step += 1) {
    if (done()) return true;
    const { lanes, scheduler } = world;
    const lane = lanes[Math.floor(random() * lanes.length)];
    if (lane) scheduler.take(lane, null);
    else if (!scheduler.passTime()) return done();
    world.operations += 1;
    await nextTurn();
  }
  return false;
}

/** undefined: it never ends. */
async function ended<R>(world: World, what: string, promise: Promise<R>): Promise<{ readonly value: R } | undefined> {
  let outcome: { readonly value: R } | undefined;
  let failure: { readonly error: unknown } | undefined;
  promise.then(
    (value) => (outcome = { value }),
    (error: unknown) => (failure = { error }),
  );
  await drive(world, () => outcome !== undefined || failure !== undefined);
  if (failure) world.violate(`${what} failed at rest: ${String(failure.error)}`);
  else if (!outcome) world.violate(`${what} never ends, although nothing goes wrong any more`);
  return outcome;
}

async function syncOne(world: World, tab: Tab): Promise<boolean> {
  const { client } = tab;
  if (!client) return true;
  tab.requests = 0;
  if (client.identity.getSnapshot().kind !== "authenticated") {
    if (!(await ended(world, `sign-in on ${tab.name}`, client.signIn(loginOf(tab, world))))) return false;
  }
  const synced = await ended(world, `sync on ${tab.name}`, client.synchronize());
  const conflicts = await ended(world, `conflicts on ${tab.name}`, client.conflicts());
  for (const { id } of conflicts?.value.filter(({ state }) => state === "open") ?? []) {
    await ended(world, `deciding on ${tab.name}`, client.resolveConflict(id, { type: "local" }));
  }
  for (const problem of client.problems.getSnapshot()) {
    if (problem.type !== "rejected") continue;
    // One of a transaction offers all of it again.
    const isStill = client.problems.getSnapshot().some((other) => other.type === "rejected" && other.id === problem.id);
    if (!isStill) continue;
    await ended(world, `trying again on ${tab.name}`, client.retryRejected(problem.id));
  }
  // What was written past the rules only a whole comparison finds, and only the second of two mends the head (S-10).
  for (const dataset of world.writtenDirectly) {
    await ended(
      world,
      `verify on ${tab.name}`,
      client
        .dataset(dataset)
        .verify()
        .catch(() => {}),
    );
  }
  return synced !== undefined;
}

/** Everybody signs in, before anything is written; and there are counters, so that counting has something to start from. */
export async function begin(world: World): Promise<void> {
  for (const tab of world.tabs) {
    if (tab.client) await ended(world, `sign-in on ${tab.name}`, tab.client.signIn(loginOf(tab, world)));
  }
  const [client] = world.tabs.map((tab) => tab.client);
  if (!client) return;
  for (const { name } of world.plan.datasets) {
    await ended(world, "a first write", client.dataset<{ count: number }>(name).put("n1", { count: 0 }));
  }
  await ended(world, "a first sync", client.synchronize());
}

/** Who uses a device, where nobody else has signed in on it. */
const loginOf = (tab: Tab, world: World): Record<string, string> => ({
  test: `person${world.devices.indexOf(tab.device) % world.plan.identities}`,
});

async function isAllSaved(world: World): Promise<boolean> {
  return (await differences(world)).length === 0;
}

/** What is not equal to the cloud, or not said to be saved. */
async function differences(world: World): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { client, name } of world.tabs) {
    if (!client) continue;
    const { identityId } = client.identity.getSnapshot();
    const identity = [...world.cloud.tables.keys()].find((known) => known === identityId);
    if (!identity) {
      found.push(`${name} is nobody's`);
      continue;
    }
    for (const dataset of world.plan.datasets) {
      const here = await valuesHere(world, client, dataset.name, name);
      const there = world.cloudValues(identity, dataset.name);
      if (!isEqual(here, there)) {
        found.push(`${name} has ${show(here)} in ${dataset.name}, and the cloud ${show(there)}`);
      }
    }
    const { state, pending, error } = client.status.getSnapshot();
    if (state !== "saved" || pending > 0) {
      found.push(
        `${name} says "${state}" with ${pending} pending at rest${error ? ` (${error.code}: ${error.message})` : ""}`,
      );
    }
  }
  return found;
}

async function valuesHere(world: World, client: SyncClient, dataset: string, tab: string) {
  const all = await ended(world, `reading on ${tab}`, client.dataset(dataset).getAll());
  return Object.fromEntries(all?.value ?? []);
}

const show = (values: Readonly<Record<string, JsonValue>>): string => JSON.stringify(sorted(values));
const isEqual = (a: Readonly<Record<string, JsonValue>>, b: Readonly<Record<string, JsonValue>>): boolean =>
  show(a) === show(b);

function sorted(value: JsonValue): JsonValue {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, of]) => [name, sorted(of)]),
  );
}

async function checkEnd(world: World): Promise<void> {
  for (const difference of await differences(world)) world.violate(difference);
  const { witness, cloud, tabs } = world;
  for (const write of witness.ghost.writes) {
    if (write.order === 0 || witness.isAccountedFor(write)) continue;
    world.violate(
      `${write.type} ${write.id} of ${write.dataset} ${write.key} by ${write.device} is lost: not in the cloud, not named in a conflict`,
    );
  }
  for (const [identity, table] of cloud.tables) {
    for (const name of table.datasets.keys()) {
      if (isUsed(tabs, identity) && !isHeadTrue(table, name)) world.violate(`the head of ${name} is not true at rest`);
    }
  }
  await checkOwn(world);
  checkCounts(world);
}

const isUsed = (tabs: readonly Tab[], identity: IdentityId): boolean =>
  tabs.some(({ client }) => client?.identity.getSnapshot().identityId === identity);

/** Nobody else writes a device's own field: an edit there that meets a conflict met only its own lost answer. */
async function checkOwn(world: World): Promise<void> {
  if (world.wasRestored || world.wasEvicted) return;
  for (const { client, name } of world.tabs) {
    if (!client) continue;
    const conflicts = await ended(world, `conflicts on ${name}`, client.conflicts());
    const mayClash = (name: string): boolean =>
      world.plan.datasets.some((plan) => plan.name === name && (plan.hasDeletions || world.writtenDirectly.has(name)));
    const own = conflicts?.value.find(({ key, dataset }) => key === "own" && !mayClash(dataset));
    if (own) world.violate(`${name} reports a conflict of its own field of ${own.dataset}, which nobody else writes`);
  }
}

/** Each counting is in the cloud once. */
function checkCounts(world: World): void {
  const { plan, counts, cloud } = world;
  const isExact = !world.wasRestored && !world.wasEvicted && plan.identities === 1;
  if (!isExact) return;
  for (const { name, hasDeletions } of plan.datasets) {
    if (hasDeletions || world.writtenDirectly.has(name)) continue;
    const { asked, stored } = counts.get(name) ?? { asked: 0, stored: 0 };
    let counted = 0;
    for (const table of cloud.tables.values()) {
      const value = table.values(parseDatasetName(name))["n1"];
      if (typeof value === "object" && value !== null && !Array.isArray(value))
        counted += Number(Object(value)[countPlace]);
    }
    // A page that went may have counted without hearing of it.
    if (counted < stored || counted > asked) {
      world.violate(`the counter of ${name} is ${counted}; it was counted up ${stored} times, of ${asked} asked for`);
    }
  }
}
