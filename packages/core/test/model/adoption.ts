// What pulled versions do to a replica of the model (S-6, S-8, S-11, S-12). The three-way merge is of whole values here;
// the newer edit wins a clash.
import { advance, isMine, type Setting } from "./checkpoint.ts";
import type { Rules } from "./rules.ts";
import {
  at,
  bitOf,
  breakPromise,
  nameOf,
  none,
  type Head,
  type Pulled,
  type Replica,
  type Version,
  type World,
} from "./world.ts";

/** The open attempt, once the head has moved past its base: it has landed, or it never will (S-6). */
export function resolveAttempt(
  world: World,
  by: number,
  got: readonly Pulled[],
  head: Head,
  rules: Rules,
  hasGoneBack: boolean,
): void {
  const replica = at(world.replicas, by);
  const { attempt } = replica;
  if (!attempt || !(head.count > attempt.base || hasGoneBack || head.commit !== attempt.baseCommit)) return;
  const isCarried = got.some(({ key, version }) =>
    rules.landed === "writers"
      ? version.commit === attempt.commit
      : attempt.sent.some((sent) => sent.key === key && sent.edit === version.edit),
  );
  if ((rules.landed === "writers" && head.writers[by] === attempt.commit) || isCarried) {
    if (attempt.does === "delete") {
      replica.deletes = false;
      replica.bases.forEach((_, key) => {
        replica.bases[key] = none;
        if (at(replica.locals, key).edit === 0) replica.locals[key] = none;
      });
    }
    for (const { key, value, edit, knows } of attempt.sent) {
      replica.bases[key] = { value, edit, knows, count: attempt.base + 1, commit: 0, again: 0 };
      if (at(replica.locals, key).again) replica.locals[key] = { ...at(replica.locals, key), again: 0 };
    }
  } else {
    // S-4: once sent, pending until it is acknowledged or resolved.
    for (const { key } of attempt.sent) {
      const local = at(replica.locals, key);
      const kept = local.again || (rules.pending === "attempted" ? 2 : 0);
      replica.locals[key] = { ...local, again: hasGoneBack || head.isRebuilt ? 1 : kept };
    }
  }
  replica.attempt = null;
}

export interface Adopted {
  readonly listed: readonly Pulled[];
  readonly head: Head;
  readonly isFull: boolean;
}

/** One local transaction: resolves the attempt, takes the remote, rebases what is pending, moves the checkpoint. */
export function adopt(world: World, by: number, { listed, head, isFull }: Adopted, { scenario, rules }: Setting): void {
  const replica = at(world.replicas, by);
  // A record that moved up is read twice: the later copy counts.
  const got = listed.filter(({ key }, index) => !listed.slice(index + 1).some((later) => later.key === key));
  const hasGoneBack = rules.lineage && isFull && isHistoryBroken(replica, got, head, by, { scenario, rules });
  if (hasGoneBack && !world.wasChanged) {
    breakPromise(world, "FALSE ALARM", `${nameOf(by)} takes the cloud for one that went back`);
  }
  const isNew = head.incarnation !== replica.incarnation || head.floor > replica.checkpoint;
  resolveAttempt(world, by, got, head, rules, hasGoneBack);
  // Not named any more: what it knows itself stays true.
  replica.lastLanded = head.writers[by] || (hasGoneBack ? 0 : replica.lastLanded);
  replica.lineage = head.lineage;
  for (let key = 0; key < scenario.keys; key++) {
    const base = at(replica.bases, key);
    const remote = got.find((pulled) => pulled.key === key)?.version;
    if (remote) {
      if (isNew && base.count > 0 && base.count <= head.floor) {
        applyRemote(world, by, { key, remote: { ...none, knows: base.knows }, isDeleted: true }, rules);
      }
      if (hasGoneBack && at(replica.bases, key).edit !== remote.edit) reoffer(world, by, key, remote);
      else applyRemote(world, by, { key, remote, isDeleted: false }, rules);
    } else if (isFull || (isNew && base.count <= head.floor)) {
      if (base.count === 0) continue;
      if (hasGoneBack && base.value !== 0) reoffer(world, by, key, none);
      else applyRemote(world, by, { key, remote: { ...none, knows: base.knows }, isDeleted: isNew }, rules);
    }
  }
  replica.incarnation = head.incarnation;
  advance(world, by, head.count, head.commit);
}

/** S-12: what can never be seen in one history. */
function isHistoryBroken(
  replica: Replica,
  got: readonly Pulled[],
  head: Head,
  by: number,
  { scenario, rules }: Setting,
): boolean {
  const { checkpoint, checkpointCommit, lineage } = replica;
  if (!head.isRebuilt) {
    if (head.count < checkpoint || (head.count === checkpoint && head.commit !== checkpointCommit)) return true;
    if (!isMine(replica, head, by, { scenario, rules }) || (lineage !== 0 && head.lineage !== lineage)) return true;
  }
  return replica.bases.some((base, key) => {
    if (base.count === 0 || base.count <= head.floor) return false;
    const remote = got.find((pulled) => pulled.key === key)?.version;
    if (!remote) return base.value !== 0 && !scenario.budget.expire; // gone, and no tombstone can have expired
    return remote.count < base.count || (remote.count <= checkpoint && remote.edit !== base.edit);
  });
}

/** Without a base: the newer edit wins, the other is named in a conflict of kind cloud-restored. */
function reoffer(world: World, by: number, key: number, remote: Version): void {
  const replica = at(world.replicas, by);
  const local = at(replica.locals, key);
  replica.bases[key] = remote;
  if (local.value === remote.value || local.edit < remote.edit) {
    world.accounted |= local.knows & ~remote.knows;
    replica.locals[key] = takenFrom(remote);
  } else {
    world.accounted |= remote.knows;
    replica.locals[key] = { ...local, knows: local.knows | remote.knows, again: 1 };
  }
}

const takenFrom = ({ value, edit, knows }: Version): Version => ({ value, edit, knows, count: 0, commit: 0, again: 0 });

/** What a pulled version does to one record. */
export function applyRemote(
  world: World,
  by: number,
  { key, remote, isDeleted }: { readonly key: number; readonly remote: Version; readonly isDeleted: boolean },
  rules: Rules,
): void {
  const replica = at(world.replicas, by);
  const [base, local] = [at(replica.bases, key), at(replica.locals, key)];
  const mine = replica.attempt?.sent.find((sent) => sent.key === key);
  const isOwnLanding = mine !== undefined && remote.edit === mine.edit && remote.edit !== 0;
  const isSame = remote.edit === base.edit && remote.count === base.count;
  if (replica.deletes || isOwnLanding || isSame) {
    replica.bases[key] = remote;
    return;
  }
  if (local.again === 1 || (local.again === 2 && local.value === base.value)) return reoffer(world, by, key, remote);
  replica.bases[key] = remote;
  const isPending =
    local.value !== base.value || local.again !== 0 || (rules.pending === "attempted" && mine !== undefined);
  const take = (): void => {
    world.accounted |= local.knows & ~remote.knows;
    replica.locals[key] = takenFrom(remote);
  };
  const keep = (): void => {
    replica.locals[key] = { ...local, knows: local.knows | remote.knows };
  };
  if (!isPending) {
    const since = local.knows & ~base.knows;
    const isForgotten =
      remote.value !== local.value && remote.knows & since && since & ~remote.knows & ~world.accounted;
    if (isForgotten) {
      breakPromise(world, "LOST", `${nameOf(by)} overwrote its own later edit of k${key} with its earlier one`);
    }
    return take();
  }
  if (remote.value === base.value) return keep(); // only this device changed the value
  if (local.value === remote.value) return take();
  if (isDeleted) return keep(); // the pending edit re-creates the record
  if (remote.edit && (remote.knows & bitOf(local.edit) || local.knows & bitOf(remote.edit))) {
    const what = `${nameOf(by)} is shown e${local.edit} against e${remote.edit}, although one was built on the other`;
    breakPromise(world, "FALSE CONFLICT", what);
  }
  if (remote.value !== 0 && local.edit <= remote.edit) return take();
  world.accounted |= remote.knows;
  keep();
}
