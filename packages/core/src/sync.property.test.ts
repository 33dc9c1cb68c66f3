// All rules together: three replicas, one table, and everything between them that may go wrong.
import fc from "fast-check";
import { expect, it } from "vitest";
import { ModelReplica } from "../test/model-replica.ts";
import { ModelTable, type Answer } from "../test/model-table.ts";
import { keyOf, noon, replicaOf } from "../test/samples.ts";
import { DigestSum } from "./digest.ts";
import type { RecordKey } from "./ids.ts";
import { isJsonObject, type JsonValue } from "./json-value.ts";
import { isCounted } from "./record.ts";
import type { Attempt } from "./replica.ts";

const runs = { seed: 20_260_704, numRuns: 1_500 };

/** Records whose every edit sets a field of its own. */
const grown = ["a", "b", "c"].map(keyOf);
/** Goes to and fro between few values, by everybody's edits; and one for each replica that it alone edits. */
const swung = keyOf("swung");
const own = ["own 0", "own 1", "own 2"].map(keyOf);
const fewValues = fc.constantFrom(undefined, 0, 1);

const replica = fc.nat(2);
const steps = [
  { weight: 6, arbitrary: fc.record({ type: fc.constant("grow"), replica, key: fc.constantFrom(...grown) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("swing"), replica, value: fewValues }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant("swing-own"), replica, value: fewValues }) },
  {
    weight: 8,
    arbitrary: fc.record({
      ...{ type: fc.constant("send"), replica, slow: fc.boolean(), recordsMax: fc.constantFrom(1, 99) },
      fate: fc.constantFrom("answered", "answered", "late-answer", "lost-answer", "lost-request"),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant("pull"), replica, whole: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("reveal"), mask: fc.nat(15) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("late"), which: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("expire") }) },
] as const;
const loss = fc.record({ type: fc.constant("lose"), replica, key: fc.constantFrom(...grown) });
const anyStep = fc.oneof(...steps, { weight: 2, arbitrary: loss });
const anyStepOrRestore = fc.oneof(
  ...steps,
  { weight: 2, arbitrary: fc.record({ type: fc.constant("back-up") }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("restore") }) },
);
/** A commit shall take two records here, so that a third one seals what was written before. */
const pairs = [grown.slice(0, 2), grown.slice(1, 3), [...grown.slice(0, 1), ...grown.slice(2, 3)]];
const groupMax = 2;
const anyStepOrGroup = fc.oneof(...steps, {
  weight: 12,
  arbitrary: fc.record({ type: fc.constant("grow-together"), replica, keys: fc.constantFrom(...pairs) }),
});
type Step = typeof anyStep | typeof anyStepOrRestore | typeof anyStepOrGroup extends fc.Arbitrary<infer T> ? T : never;

class World {
  readonly table = new ModelTable();
  readonly replicas: readonly ModelReplica[];
  /** What each grown record must hold in the end. */
  readonly written = new Map<RecordKey, string[]>();
  /** Fields that were written to several records in one transaction. */
  readonly together = new Map<string, readonly RecordKey[]>();
  /** The last value that each replica gave its own record. */
  readonly swungOwn = new Map<RecordKey, JsonValue | undefined>();
  /** Requests that the network still holds, and answers that are on their way. */
  readonly #requests: Attempt[] = [];
  readonly #answers: { readonly to: ModelReplica; readonly attempt: Attempt; readonly answer: Answer }[] = [];
  #time = noon;
  #ids = 0;

  constructor() {
    const newCommit = (): number => (this.#ids += 1);
    this.replicas = [0, 1, 2].map((n) => {
      // One clock is an hour ahead, one an hour behind.
      const now = (): number => (this.#time += 1) + (n - 1) * 3_600_000;
      return new ModelReplica(replicaOf(n), { table: this.table, now, newCommit });
    });
  }

  take(step: Step): void {
    switch (step.type) {
      case "grow":
        return this.#grow(this.#at(step.replica), step.key);
      case "grow-together":
        return this.#growTogether(this.#at(step.replica), step.keys);
      case "swing":
        return this.#at(step.replica).edit(swung, step.value);
      case "swing-own":
        return this.#swingOwn(step.replica, step.value);
      case "send":
        return this.#send(this.#at(step.replica), step);
      case "pull":
        return void this.#at(step.replica).pull(step.whole);
      case "reveal":
        return this.table.reveal((position) => ((step.mask >> position) & 1) === 1);
      case "late":
        return this.#arriveLate(step.which);
      case "expire":
        return this.table.expireTombstones();
      case "lose":
        return this.#at(step.replica).lose(step.key);
      case "back-up":
        return this.table.backUp();
      case "restore":
        // What was under way went to the old table.
        this.#requests.length = 0;
        return this.table.restore();
    }
  }

  /** A fair run without new faults. */
  deliver(after: () => void): void {
    this.table.reveal(() => true);
    for (let round = 0; round < 4; round++) {
      for (const each of this.replicas) {
        for (let tries = 0; tries < 12; tries++) {
          if (!each.pull(false)) each.pull(true);
          const attempt = each.attempt(99);
          if (!attempt) break;
          each.receive(attempt, this.table.commit(attempt, { slow: false }));
          after();
        }
        // A row that was lost without anyone writing to it is found by comparing the whole.
        each.pull(true);
      }
    }
  }

  #at(n: number): ModelReplica {
    const found = this.replicas[n];
    if (!found) throw new RangeError("no such replica");
    return found;
  }

  #grow(on: ModelReplica, key: RecordKey): void {
    const field = `f${(this.#ids += 1)}`;
    const before = on.records.get(key)?.value;
    on.edit(key, { ...(isJsonObject(before) ? before : {}), [field]: on.id });
    this.written.set(key, [...(this.written.get(key) ?? []), field]);
  }

  #growTogether(on: ModelReplica, keys: readonly RecordKey[]): void {
    const field = `f${(this.#ids += 1)}`;
    const values = keys.map((key) => {
      const before = on.records.get(key)?.value;
      return [key, { ...(isJsonObject(before) ? before : {}), [field]: on.id }] as const;
    });
    on.transact(new Map(values), groupMax);
    for (const key of keys) this.written.set(key, [...(this.written.get(key) ?? []), field]);
    this.together.set(field, keys);
  }

  /** S-16: of what was written together, the cloud never holds a part. */
  seesGroupsWhole(): boolean {
    return [...this.together].every(([field, keys]) => {
      const there = keys.filter((key) => namesOf(this.table.value(key)).includes(field));
      return there.length === 0 || there.length === keys.length;
    });
  }

  #swingOwn(n: number, value: JsonValue | undefined): void {
    const key = own[n];
    if (!key) return;
    this.#at(n).edit(key, value);
    this.swungOwn.set(key, value);
  }

  #send(from: ModelReplica, how: Extract<Step, { type: "send" }>): void {
    const attempt = from.attempt(how.recordsMax);
    if (!attempt) return;
    if (how.fate === "lost-request") return void this.#requests.push(attempt);
    const answer = this.table.commit(attempt, { slow: how.slow });
    if (how.fate === "lost-answer") return;
    // Who has the answer sees all of the commit.
    if (how.fate === "late-answer") return void this.#answers.push({ to: from, attempt, answer });
    this.table.reveal(() => true);
    from.receive(attempt, answer);
  }

  #arriveLate(which: number): void {
    const [request] = this.#requests.splice(which, 1);
    if (request) this.table.commit(request, { slow: false });
    const [waiting] = this.#answers.splice(which, 1);
    if (!waiting) return;
    this.table.reveal(() => true);
    waiting.to.receive(waiting.attempt, waiting.answer);
  }
}

it("S-1 to S-9: replicas converge, digests prove it, no acknowledged edit is lost", () => {
  let commits = 0;
  const property = fc.property(fc.array(anyStep, { minLength: 5, maxLength: 60, size: "max" }), (steps) => {
    const { world, values } = played(steps);
    for (const [key, fields] of world.written) expect(namesOf(values[key])).toEqual(expect.arrayContaining(fields));
    for (const [key, value] of world.swungOwn) expect(values[key]).toBe(value);
    for (const { conflicts } of world.replicas) {
      // Edits of different fields, and of what nobody else edits, are no conflict, whatever was lost on the way.
      expect(conflicts.filter(({ key, kind }) => key !== swung || kind !== "record")).toEqual([]);
    }
    commits += world.table.history.size;
  });
  fc.assert(property, runs);
  // The steps do make something happen.
  expect(commits).toBeGreaterThan(runs.numRuns * 3);
});

it("S-12: with a cloud that goes back, they still converge, and what does not win is kept in a conflict record", () => {
  let restored = 0;
  const property = fc.property(fc.array(anyStepOrRestore, { minLength: 20, maxLength: 60, size: "max" }), (steps) => {
    const { world, values } = played(steps);
    for (const [key, fields] of world.written) {
      const noted = world.replicas.flatMap(({ conflicts }) => conflicts.filter((conflict) => conflict.key === key));
      const kept = noted.flatMap(({ local, remote }) => [...namesOf(local), ...namesOf(remote)]);
      expect([...namesOf(values[key]), ...kept]).toEqual(expect.arrayContaining(fields));
    }
    if (world.table.wasRestored) restored += 1;
  });
  fc.assert(property, { ...runs, numRuns: 500 });
  expect(restored).toBeGreaterThan(100);
});

it("S-16: what was written together goes up together, in groups that grow, are sealed, and meet what others wrote", () => {
  let sealed = 0;
  const property = fc.property(fc.array(anyStepOrGroup, { minLength: 10, maxLength: 60, size: "max" }), (steps) => {
    const { world, values } = played(steps, (each) => {
      expect(each.seesGroupsWhole()).toBe(true);
      for (const { records } of each.replicas) {
        for (const { pending } of records.values()) if (pending?.group && pending.group.sealed.length > 0) sealed += 1;
      }
    });
    for (const [key, fields] of world.written) expect(namesOf(values[key])).toEqual(expect.arrayContaining(fields));
  });
  fc.assert(property, { ...runs, numRuns: 1_000 });
  expect(sealed).toBeGreaterThan(500);
});

/** Takes the steps, delivers everything, and sees that all replicas are equal and hold what the cloud holds. */
function played(
  steps: readonly Step[],
  after: (world: World) => void = () => {},
): { world: World; values: Record<string, JsonValue> } {
  const world = new World();
  for (const each of steps) {
    world.take(each);
    after(world);
  }
  world.deliver(() => after(world));
  const [values = {}, ...others] = world.replicas.map(({ records }) => valuesOf(records));
  for (const other of others) expect(other).toEqual(values);
  for (const { state, records } of world.replicas) {
    expect([...records.values()].filter(({ pending }) => pending)).toEqual([]);
    expect(state.attempt).toBe(null);
    expect(state.checkpoint?.commit ?? null).toBe(world.table.head?.commit ?? null);
    const sum = new DigestSum();
    for (const { key, base } of records.values()) if (isCounted(base)) sum.add({ key, ...base });
    expect([sum.digest, sum.recordCount]).toEqual([state.checkpoint?.digest, state.checkpoint?.recordCount]);
  }
  return { world, values };
}

const namesOf = (value: JsonValue | undefined): readonly string[] => (isJsonObject(value) ? Object.keys(value) : []);

function valuesOf(records: ModelReplica["records"]): Record<string, JsonValue> {
  const live = [...records].flatMap(([key, { value }]) => (value === undefined ? [] : [[key, value] as const]));
  return Object.fromEntries(live.sort(([a], [b]) => (a < b ? -1 : 1)));
}
