// A state's hash of 53 bits. Commits are named in the order of their appearance, so that refused attempts do not multiply
// states.
import type { Attempt, Head, Pulled, Reading, Version, World } from "./world.ts";

const interned = new Map<string, number>();

function numberOf(text: string): number {
  let known = interned.get(text);
  if (known === undefined) interned.set(text, (known = interned.size + 1));
  return known;
}

export function hashOf(world: World): number {
  const hash = new StateHash();
  hash.world(world);
  return hash.value;
}

class StateHash {
  #a = 0x2545f491;
  #b = 0x1b873593;
  readonly #commits: number[] = [];

  get value(): number {
    return (this.#a >>> 0) * 0x200000 + (this.#b >>> 11);
  }

  world(world: World): void {
    this.#head(world.head);
    for (const record of world.records) this.#version(record);
    for (const hidden of world.hidden) {
      if (!hidden) this.#put(-4);
      else if (hidden.old === null) this.#put(-13);
      else if ("again" in hidden.old) this.#version(hidden.old);
      else this.#head(hidden.old);
    }
    for (const replica of world.replicas) this.#replica(replica);
    this.#put(world.late.length);
    for (const attempt of world.late) this.#attempt(attempt);
    this.#put(world.sweeps.length);
    for (const { key, floor } of world.sweeps) {
      this.#put(key);
      this.#put(floor);
    }
    this.#put(world.accounted);
    this.#put(world.landed);
    for (const bits of world.gone) this.#put(bits);
    for (const { by, key } of world.edits) this.#put(by * 8 + key);
    this.#put((world.isDamaged ? 2 : 0) + (world.wasRestored ? 1 : 0));
    if (world.backup) {
      this.#head(world.backup.head);
      for (const record of world.backup.records) this.#version(record);
    }
    for (const left of Object.values(world.budget)) this.#put(left);
  }

  #replica(replica: World["replicas"][number]): void {
    for (const base of replica.bases) this.#version(base);
    for (const local of replica.locals) this.#version(local);
    this.#put(replica.checkpoint);
    this.#commit(replica.checkpointCommit);
    this.#put(replica.incarnation);
    this.#put(numberOf(replica.stage));
    this.#put((replica.isUnverified ? 2 : 0) + (replica.deletes ? 1 : 0));
    this.#commit(replica.lastLanded);
    this.#commit(replica.lineage);
    this.#attempt(replica.attempt);
    if (replica.request === replica.attempt) this.#put(replica.request ? -5 : -6);
    else this.#attempt(replica.request);
    if (replica.repair && replica.repair !== replica.request) this.#attempt(replica.repair);
    this.#put(replica.repair ? -8 : -14);
    const { answer, reading, frozen } = replica;
    if (frozen) {
      this.#put(frozen.answer ? numberOf(frozen.answer.type) : -15);
      this.#attempt(frozen.attempt);
      this.#commit(frozen.checkpointCommit);
      this.#reading(frozen.reading);
    }
    if (answer) {
      this.#put(numberOf(answer.type));
      this.#put(answer.headCount);
      this.#put(answer.waitsForSight ? 1 : 0);
    }
    this.#reading(reading);
  }

  #reading(reading: Reading | null): void {
    if (!reading) return;
    this.#put(reading.isFull ? -9 : -10);
    this.#put((reading.isCalm ? 2 : 0) + (reading.isLast ? 1 : 0));
    if (reading.isFull) this.#commit(reading.headBefore);
    this.#put(reading.from);
    this.#put(reading.cursor[0]);
    this.#put(reading.cursor[1]);
    this.#head(reading.head);
    this.#pulled(reading.got);
    this.#put(-11);
    this.#pulled(reading.page);
  }

  #pulled(list: readonly Pulled[]): void {
    for (const { key, version } of list) {
      this.#put(key);
      this.#version(version);
    }
  }

  #version(version: Version | null): void {
    if (version === null) return this.#put(-1);
    this.#put(version.value);
    this.#put(version.edit);
    this.#put(version.knows);
    this.#put(version.count);
    if (version.again) this.#put(-12 - version.again);
    if (version.commit) this.#commit(version.commit);
  }

  #head(head: Head | null): void {
    if (head === null) return this.#put(-2);
    this.#put(head.count);
    this.#commit(head.commit);
    this.#put(numberOf(head.digest));
    this.#put(head.deleted * 64 + head.incarnation);
    this.#put(head.floor);
    this.#commit(head.lineage);
    for (const writer of head.writers) this.#commit(writer);
    for (const writer of head.heard) this.#put(writer);
    this.#put(head.changed);
  }

  #attempt(attempt: Attempt | null): void {
    if (attempt === null) return this.#put(-3);
    this.#put(numberOf(attempt.does));
    this.#put(attempt.writer);
    this.#commit(attempt.commit);
    this.#put(attempt.base);
    this.#commit(attempt.baseCommit);
    this.#put(numberOf(attempt.digest));
    for (const sent of attempt.sent) {
      for (const field of [sent.key, sent.value, sent.edit, sent.knows, sent.baseCount]) this.#put(field);
      this.#put(sent.isBaseLive ? 1 : 0);
    }
    this.#pulled(attempt.listed);
  }

  #commit(commit: number): void {
    if (commit === 0) return this.#put(0);
    const known = this.#commits.indexOf(commit);
    this.#put(known < 0 ? this.#commits.push(commit) : known + 1);
  }

  #put(x: number): void {
    let a = Math.imul(this.#a ^ x, 0xcc9e2d51);
    a = (a << 13) | (a >>> 19);
    this.#a = (Math.imul(a, 5) + 0xe6546b64) | 0;
    let b = Math.imul(this.#b ^ (x + 0x7f4a7c15), 0x85ebca6b);
    b ^= b >>> 15;
    b = Math.imul(b, 0xc2b2ae35);
    this.#b = b ^ (b >>> 13);
  }
}
