// A device of the model: one step is one local transaction, or one page of a read.
import { adopt, applyRemote, resolveAttempt } from "./adoption.ts";
import { advance, isMine, type Setting } from "./checkpoint.ts";
import type { Rules } from "./rules.ts";
import {
  at,
  bitOf,
  digestOf,
  none,
  type Attempt,
  type Head,
  type Pulled,
  type Reading,
  type Replica,
  type Sent,
  type Version,
  type World,
} from "./world.ts";

export function edit(world: World, by: number, key: number, value: number): void {
  const replica = at(world.replicas, by);
  const before = at(replica.locals, key);
  const id = (world.nextEdit += 1) - 1;
  const again = before.again;
  replica.locals[key] = { value, edit: id, knows: before.knows | bitOf(id), count: 0, commit: 0, again };
  world.edits.push({ by, key });
}

export function deleteDataset(world: World, by: number): void {
  const replica = at(world.replicas, by);
  replica.locals.forEach((local, key) => {
    world.accounted |= local.knows;
    replica.locals[key] = { ...none, knows: local.knows };
  });
  replica.deletes = true;
}

/** Makes the attempt durable, then the request leaves. False: there is nothing to send. */
export function send(world: World, by: number, { rules }: Setting): boolean {
  const replica = at(world.replicas, by);
  if (!(replica.attempt && rules.attempt === "frozen")) {
    const sent = replica.deletes ? [] : pendingOf(replica);
    if (sent.length === 0 && !replica.deletes) return false;
    const next = replica.bases.slice();
    for (const { key, value, edit: id, knows } of sent) {
      next[key] = { value, edit: id, knows, count: replica.checkpoint + 1, commit: 0, again: 0 };
    }
    replica.attempt = {
      ...{ does: replica.deletes ? "delete" : "commit", writer: by, commit: (world.nextCommit += 1) - 1, sent },
      ...{ base: replica.checkpoint, baseCommit: replica.checkpointCommit, listed: [], under: null },
      digest: digestOf(rules.digest, replica.deletes ? next.map(() => none) : next),
    };
  }
  replica.request = replica.attempt;
  replica.stage = "sent";
  return true;
}

const pendingOf = ({ bases, locals }: Replica): readonly Sent[] =>
  locals.flatMap(({ value, edit: id, knows, again }, key) => {
    const base = at(bases, key);
    if (value === base.value && !again) return [];
    return [{ key, value, edit: id, knows, baseCount: base.count, isBaseLive: base.value !== 0 }];
  });

export function receive(world: World, by: number, setting: Setting): void {
  const replica = at(world.replicas, by);
  const { answer, repair, attempt } = replica;
  replica.answer = null;
  replica.repair = null;
  replica.stage = "idle";
  switch (answer?.type) {
    case "ok":
      if (repair) return believeRepair(world, by, repair, setting);
      if (attempt) acknowledge(world, by, attempt, setting.rules);
      return;
    case "record refused":
      replica.isUnverified = true;
      return;
    case "refused":
      if (setting.rules.lineage && answer.headCount < replica.checkpoint) replica.isUnverified = true;
      return;
    case "locked":
    case undefined:
      return;
  }
}

function believeRepair(world: World, by: number, repair: Attempt, setting: Setting): void {
  const replica = at(world.replicas, by);
  const isRebuild = repair.does === "rebuild";
  if (!repair.under) return;
  const head: Head = {
    ...repair.under,
    ...{ count: isRebuild ? repair.base : repair.base + 1, commit: repair.commit },
    lineage: isRebuild ? repair.commit : repair.under.lineage,
  };
  adopt(world, by, { listed: repair.listed, head, isFull: true }, setting);
  replica.isUnverified = false;
}

/** Bases := what was sent. */
function acknowledge(world: World, by: number, attempt: Attempt, rules: Rules): void {
  const replica = at(world.replicas, by);
  if (attempt.does === "delete") {
    replica.deletes = false;
    replica.incarnation += 1;
    replica.bases.forEach((_, key) => {
      if (at(replica.locals, key).edit === 0) replica.locals[key] = none;
      replica.bases[key] = none;
    });
  }
  for (const { key, value, edit: id, knows } of attempt.sent) {
    const base: Version = { value, edit: id, knows, count: attempt.base + 1, commit: 0, again: 0 };
    replica.bases[key] = base;
    if (rules.ack === "overwrite") replica.locals[key] = base;
    else if (at(replica.locals, key).again) replica.locals[key] = { ...at(replica.locals, key), again: 0 };
  }
  replica.attempt = null;
  replica.lastLanded = attempt.commit;
  if (attempt.base === 0) replica.lineage = attempt.commit;
  advance(world, by, attempt.base + 1, attempt.commit);
}

/** A page as the cloud shows it now: of each item the old or the new version of a commit that is landing. */
export function readPage(world: World, by: number, isFull: boolean, { scenario, rules }: Setting): void {
  const replica = at(world.replicas, by);
  const { keys } = scenario;
  const before: Reading | null = replica.reading;
  const from = before ? before.from : isFull ? 0 : replica.checkpoint;
  const cursor = before ? before.cursor : ([-1, -1] as const);
  const seen: { count: number; rank: number; key: number; item: Version | Head }[] = [];
  for (let key = 0; key <= keys; key++) {
    const hidden = world.hidden[key];
    const item = hidden ? hidden.old : key === keys ? world.head : (world.records[key] ?? null);
    if (!item) continue;
    const isHead = key === keys;
    const isInRange = item.count > from || (isHead && (rules.headAlways || isFull) && item.count >= from);
    const rank = isHead ? (rules.headAlways ? keys : -1) : key;
    const isAfter = item.count > cursor[0] || (item.count === cursor[0] && rank > cursor[1]);
    if (isInRange && isAfter) seen.push({ count: item.count, rank, key, item });
  }
  seen.sort((a, b) => a.count - b.count || a.rank - b.rank);
  const page = seen.slice(0, scenario.page ?? 9);
  const end = page.at(-1);
  const hiddenHead = world.hidden[keys];
  const shown = hiddenHead ? hiddenHead.old : world.head;
  const headItem = page.find(({ key }) => key === keys)?.item ?? null;
  replica.reading = {
    isFull: before ? before.isFull : isFull,
    from,
    headBefore: before ? before.headBefore : shown ? shown.commit : 0,
    isCalm: (before?.isCalm ?? true) && world.hidden.every((hidden) => !hidden),
    got: before ? before.got : [],
    page: page.flatMap(({ key, item }) => (key < keys && "again" in item ? [{ key, version: item }] : [])),
    head: headItem && !("again" in headItem) ? headItem : (before?.head ?? null),
    cursor: end ? [end.count, end.rank] : cursor,
    isLast: page.length === seen.length,
  };
  replica.stage = "page";
}

export function applyPage(world: World, by: number, setting: Setting): void {
  const replica = at(world.replicas, by);
  const { rules } = setting;
  const { reading } = replica;
  if (!reading) throw new Error("no page was read");
  const { head, isFull } = reading;
  const raw = reading.got.concat(reading.page);
  if (rules.pull === "page") {
    if (head && rules.attempt === "frozen") resolveAttempt(world, by, raw, head, rules, false);
    for (const { key, version } of reading.page)
      applyRemote(world, by, { key, remote: version, isDeleted: false }, rules);
  }
  if (!reading.isLast) {
    replica.reading = { ...reading, got: raw, page: [] };
    replica.stage = "more";
    return;
  }
  replica.reading = null;
  replica.stage = "idle";
  if (!head) return withoutHead(world, by, raw, isFull, setting);
  if (!isFull && isBehind(replica, head, by, setting)) {
    if (rules.lineage) replica.isUnverified = true;
    return;
  }
  const isSame = head.count === replica.checkpoint && head.commit === replica.checkpointCommit;
  const isProved = rules.pull === "page" || head.digest === digestOf(rules.digest, replica.bases);
  if (isSame && raw.length === 0 && !isFull && isProved) {
    replica.isUnverified = false;
    return;
  }
  const got = raw.filter(({ version }) => !(rules.floor && version.count <= head.floor));
  if (rules.verify === "none") {
    const pulled = rules.pull === "staged" ? got : [];
    for (const { key, version } of pulled) applyRemote(world, by, { key, remote: version, isDeleted: false }, rules);
    return advance(world, by, head.count, head.commit);
  }
  if (rules.pull === "page") return endPages(world, by, reading, raw, head, setting);
  endStaged(world, by, reading, got, head, setting);
}

/** S-7, S-13. */
function withoutHead(world: World, by: number, raw: readonly Pulled[], isFull: boolean, { rules }: Setting): void {
  const replica = at(world.replicas, by);
  if (raw.length > 0 || (replica.checkpoint > 0 && rules.headAlways)) replica.isUnverified = true;
  if (isFull && rules.lineage && (raw.length > 0 || replica.checkpoint > 0)) startRebuild(world, by, raw, rules);
}

/** S-12, as the head alone shows it. */
function isBehind(replica: Replica, head: Head, by: number, { rules, scenario }: Setting): boolean {
  if (head.count < replica.checkpoint) return true;
  if (head.count === replica.checkpoint && head.commit !== replica.checkpointCommit) return true;
  return (
    rules.lineage &&
    (!isMine(replica, head, by, { rules, scenario }) || (replica.lineage !== 0 && head.lineage !== replica.lineage))
  );
}

/** The broken way: each page was applied before anything was proved. */
function endPages(
  world: World,
  by: number,
  reading: Reading,
  raw: readonly Pulled[],
  head: Head,
  { rules }: Setting,
): void {
  const replica = at(world.replicas, by);
  const isDeleted = head.incarnation !== replica.incarnation;
  const take = (key: number, base: Version, purges: boolean): void =>
    applyRemote(world, by, { key, remote: { ...none, knows: base.knows }, isDeleted: purges }, rules);
  if (isDeleted || reading.isFull) {
    replica.bases.forEach((base, key) => {
      const isGone = base.count > 0 && !raw.some((pulled) => pulled.key === key);
      if (isGone && (reading.isFull || base.count <= head.count)) take(key, base, isDeleted);
    });
  }
  if (isDeleted && head.deleted) replica.bases.forEach((base, key) => base.value && take(key, base, true));
  replica.incarnation = head.incarnation;
  if (digestOf(rules.digest, replica.bases) === head.digest) return advance(world, by, head.count, head.commit);
  if (!reading.isFull || !replica.isUnverified) replica.isUnverified = true;
  else if (rules.repair === "blind" || reading.isCalm) startRepair(world, by, raw, head, rules);
}

/** What the replica would hold, then the proof, then one local transaction. */
function endStaged(
  world: World,
  by: number,
  reading: Reading,
  got: readonly Pulled[],
  head: Head,
  setting: Setting,
): void {
  const replica = at(world.replicas, by);
  const { rules } = setting;
  const { isFull } = reading;
  const isFresh = isFull || head.incarnation !== replica.incarnation || head.floor > replica.checkpoint;
  const candidate = isFresh
    ? replica.bases.map((base) => (!isFull && base.count > head.floor ? base : none))
    : replica.bases.slice();
  const { attempt } = replica;
  const hasLanded = attempt && head.count > attempt.base && head.writers[by] === attempt.commit;
  if (hasLanded && rules.landed === "writers" && !isFresh) {
    for (const { key, value, edit: id, knows } of attempt.sent) {
      candidate[key] = { value, edit: id, knows, count: attempt.base + 1, commit: 0, again: 0 };
    }
  }
  for (const { key, version } of got) candidate[key] = version;
  if (digestOf(rules.digest, candidate, rules.floor ? head.floor : 0) === head.digest) {
    return adopt(world, by, { listed: got, head, isFull }, setting);
  }
  if (!isFull) replica.isUnverified = true;
  else if (replica.isUnverified) {
    const lastCommit = got.filter(({ version }) => version.count === head.count);
    const isWhole =
      reading.headBefore === head.commit &&
      lastCommit.length === head.changed &&
      got.every(({ version }) => version.count <= head.count);
    // Read while no commit was landing; stands for: unchanged for longer than any commit takes.
    if (rules.repair === "blind" || isWhole || reading.isCalm) startRepair(world, by, got, head, rules);
  }
}

function startRepair(world: World, by: number, listed: readonly Pulled[], head: Head, rules: Rules): void {
  const floor = rules.floor ? head.floor : 0;
  sendRepair(world, by, {
    ...{ does: "repair", writer: by, commit: (world.nextCommit += 1) - 1, base: head.count, baseCommit: head.commit },
    ...{ sent: [], listed, under: head, digest: listedDigest(world, by, listed, rules, floor) },
  });
}

function startRebuild(world: World, by: number, listed: readonly Pulled[], rules: Rules): void {
  const replica = at(world.replicas, by);
  const count = Math.max(replica.checkpoint, ...listed.map(({ version }) => version.count), 0) + 1;
  const writers = world.replicas.map((_, other) => (other === by ? replica.lastLanded : 0));
  const under: Head = {
    ...{ count, commit: 0, digest: "", deleted: 0, incarnation: replica.incarnation, floor: 0 },
    ...{ lineage: 0, writers, heard: replica.lastLanded ? [by] : [], changed: 0, isRebuilt: true },
  };
  sendRepair(world, by, {
    ...{ does: "rebuild", writer: by, commit: (world.nextCommit += 1) - 1, base: count, baseCommit: 0 },
    ...{ sent: [], listed, under, digest: listedDigest(world, by, listed, rules, 0) },
  });
}

function listedDigest(world: World, by: number, listed: readonly Pulled[], rules: Rules, floor: number): string {
  const next: Version[] = at(world.replicas, by).bases.map(() => none);
  for (const { key, version } of listed) next[key] = version;
  return digestOf(rules.digest, next, floor);
}

function sendRepair(world: World, by: number, repair: Attempt): void {
  const replica = at(world.replicas, by);
  replica.repair = repair;
  replica.request = repair;
  replica.stage = "sent";
}
