// What a simulated run knows beyond its replicas: every write has a number, which stands in the value, and of each it is
// known upon which it was built, whether it has been in the cloud, and what excuses its absence. A removal has a number
// too; it stands nowhere.
import { isJsonObject, type JsonValue } from "@holdfast/core";
import type { AppCall, Tab } from "./device.ts";

export interface GhostWrite {
  readonly id: number;
  readonly type: "write" | "removal";
  readonly device: string;
  readonly dataset: string;
  readonly key: string;
  /** The field that it writes; of a removal, none. */
  readonly place: string;
  /** What was there when it was committed on its device: it knew it, and replaces it. */
  readonly parents: number[];
  readonly children: GhostWrite[];
  /** Committed to a local database, as the how manieth; 0: not yet. */
  order: number;
  /** An app has written over it on its device, knowing it. */
  isReplaced: boolean;
  /** Has been in the cloud's table of its identity. */
  hasLanded: boolean;
  /** Why it may be gone without having been in the cloud. */
  excuse: string | null;
  /** Written with it in one transaction, itself among them. */
  together: readonly GhostWrite[];
  /** Whose it has become by a sign-in; null: whoever wrote it. */
  home: string | null;
}

export class Ghost {
  /** By number. */
  readonly writes: GhostWrite[] = [];
  #commits = 0;

  issue(type: GhostWrite["type"], tab: Tab, { dataset, key, place }: { dataset: string; key: string; place: string }) {
    const write: GhostWrite = {
      ...{ id: this.writes.length, type, device: tab.device.name, dataset, key, place, parents: [], children: [] },
      ...{ order: 0, isReplaced: false, hasLanded: false, excuse: null, home: null, together: [] },
    };
    this.writes.push(write);
    return write;
  }

  /** The write at a place of a value; undefined: that is no write's number. */
  at(value: JsonValue | undefined, place: string): GhostWrite | undefined {
    const id = isJsonObject(value) ? value[place] : undefined;
    return typeof id === "number" ? this.writes[id] : undefined;
  }

  /** All writes that a value shows. */
  in(value: JsonValue | undefined): readonly GhostWrite[] {
    if (!isJsonObject(value)) return [];
    return Object.keys(value).flatMap((place) => (place === countPlace ? [] : (this.at(value, place) ?? [])));
  }

  commit(write: GhostWrite, parents: readonly number[], home: string | null): void {
    write.order = this.#commits += 1;
    write.home = home;
    for (const id of parents) {
      const parent = this.writes[id];
      if (!parent || parent === write) continue;
      write.parents.push(id);
      parent.children.push(write);
    }
  }

  /** Whether `later` was made by somebody who knew `earlier`. */
  isBuiltOn(later: GhostWrite, earlier: GhostWrite): boolean {
    const seen = new Set<number>();
    const open = [later];
    for (let write = open.pop(); write; write = open.pop()) {
      for (const id of write.parents) {
        if (id === earlier.id) return true;
        const parent = this.writes[id];
        // Whatever was there before was committed before.
        if (!parent || parent.order < earlier.order || seen.has(id)) continue;
        seen.add(id);
        open.push(parent);
      }
    }
    return false;
  }
}

/** The field of a counter: its number is no write's. */
export const countPlace = "count";

/**
 * Two records that are only ever written together, in a transaction: the number in a field of the second is one higher than
 * that in the first's.
 */
export const transferKeys = ["t1", "t2"] as const;

/** Whether what a call wrote may still be under way. */
export const writesOf = (tab: Tab, type: AppCall["type"], dataset: string, key: string): readonly AppCall[] =>
  [...tab.calls].filter((call) => call.type === type && call.dataset === dataset && call.key === key);

/** S-16: of what was written together nobody can see a part. `fresh`: what has come into the cloud just now. */
export function partedGroups(
  ghost: Ghost,
  values: Readonly<Record<string, JsonValue>>,
  fresh: readonly GhostWrite[],
): readonly string[] {
  const parted = fresh.flatMap((write) => {
    const missing = write.together.find(({ hasLanded, isReplaced, excuse }) => !hasLanded && !isReplaced && !excuse);
    const other = `${missing?.id} of ${missing?.key}, written with it in one transaction, is not`;
    return missing ? [`write ${write.id} of ${write.key} is in the cloud, and ${other}`] : [];
  });
  const [first, second] = transferKeys.map((key) => values[key]);
  for (const place of ["x", "y"]) {
    const [one, other] = [ghost.at(first, place)?.id, ghost.at(second, place)?.id];
    if (one === undefined ? other === undefined : other === one + 1) continue;
    parted.push(`the cloud holds one record of a transaction without the other (${place} ${one}, ${other})`);
  }
  return parted;
}
