// The cloud of the model: one table, whose transactions are atomic, and become visible to reads item by item.
import type { Rules, Scenario } from "./rules.ts";
import { bitOf, breakPromise, digestOf, exactly, type Answer, type Attempt, type Head, type World } from "./world.ts";

const answer = (type: Answer["type"], headCount = -1): Answer => ({ type, headCount, waitsForSight: false });

/** TransactWriteItems: conditions against what is committed; an item of a commit that is still landing is locked. */
export function evaluate(
  world: World,
  attempt: Attempt,
  { scenario, rules, isHalfSeen }: { scenario: Scenario; rules: Rules; isHalfSeen: boolean },
): Answer {
  const { keys } = scenario;
  if (world.hidden[keys] || attempt.sent.some(({ key }) => world.hidden[key])) return answer("locked");
  const { head } = world;
  if (!isHeadAsExpected(head, attempt, rules)) return answer("refused", head ? head.count : -1);
  const floor = head ? head.floor : 0;
  if (attempt.sent.some((sent) => !isFree(world, sent, floor, rules))) return answer("record refused");
  if (isHalfSeen) {
    world.hidden[keys] = { old: head };
    for (const { key } of attempt.sent) world.hidden[key] = { old: world.records[key] ?? null };
  }
  apply(world, attempt, scenario, rules);
  return answer("ok");
}

function isHeadAsExpected(head: Head | null, { does, base, baseCommit }: Attempt, rules: Rules): boolean {
  if (does === "rebuild") return head === null;
  if (head === null) return base === 0;
  return head.count === base && (rules.swap === "count" || head.commit === baseCommit);
}

/** S-3. */
function isFree(world: World, { key, baseCount }: Attempt["sent"][number], floor: number, rules: Rules): boolean {
  const there = world.records[key] ?? null;
  if (rules.condition === "exact") return there ? there.count === baseCount : baseCount === 0;
  if (there === null || there.value === 0 || there.count === baseCount) return true;
  return rules.floor && there.count <= floor;
}

function apply(world: World, attempt: Attempt, scenario: Scenario, rules: Rules): void {
  const { does, base, commit, digest, sent, writer, under } = attempt;
  const { head } = world;
  const floor = head ? head.floor : 0;
  const count = does === "rebuild" ? base : base + 1;
  const known = head ?? (does === "rebuild" ? under : null);
  const writers = known ? known.writers.slice() : Array.from({ length: scenario.replicas }, () => 0);
  const isOwn = does === "commit" || does === "delete";
  const heard = known ? known.heard.filter((other) => !isOwn || other !== writer) : [];
  if (isOwn) {
    writers[writer] = commit;
    heard.push(writer);
  }
  for (const silent of heard.splice(0, heard.length - (scenario.writersMax ?? scenario.replicas))) writers[silent] = 0;
  if (does === "delete") for (const record of world.records) if (record) world.accounted |= record.knows;
  const next: Head = {
    ...{ count, commit, digest, writers, heard, changed: sent.length, isRebuilt: false },
    deleted: does === "delete" ? 1 : does === "commit" || !head ? 0 : head.deleted,
    incarnation: (head ? head.incarnation : 0) + (does === "delete" ? 1 : 0),
    floor: does === "delete" ? count : floor,
    lineage: head ? head.lineage : commit,
  };
  world.head = next;
  for (const { key, value, edit, knows } of sent) {
    const old = world.records[key] ?? null;
    if (old && edit !== old.edit && old.knows & bitOf(edit)) {
      breakPromise(world, "RESURRECTED", `e${edit} written over e${old.edit} which was built on it`);
    }
    if (world.landed & bitOf(edit)) breakPromise(world, "TWICE", `e${edit} was applied a second time`);
    world.landed |= bitOf(edit);
    if (old && old.count > floor) world.gone[key] = (world.gone[key] ?? 0) | (old.knows & ~knows & world.accounted);
    world.records[key] = { value, edit, knows, count, commit, again: 0 };
  }
  if (does === "repair" || does === "rebuild") world.isDamaged = false;
  if (next.digest === digestOf(rules.digest, world.records, next.floor)) {
    world.isDamaged = false;
    world.history = { ...world.history, [commit]: exactly(world.records, next.floor) };
  } else if (!world.isDamaged) {
    breakPromise(world, "DIGEST", `after ${does} c${commit} the head's digest is not that of the committed state`);
  }
}
