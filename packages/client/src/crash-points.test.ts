// What happens where a page is thrown away between any two of its steps: each scenario is run again and again, and ends one
// step later each time, until it ends by itself. Then another page is opened on what IndexedDB kept, and finishes.
import { describe, expect, it } from "vitest";
import { notesName, notesOf, runAll, type World } from "../test/crash-world.ts";
import { annsLogins } from "../test/table-cloud.ts";
import { askUser } from "./index.ts";

describe("a page that is thrown away at any step", { timeout: 120_000 }, () => {
  it("S-2, S-5: the first use, the first writes and their push", () =>
    runAll({
      act: async (world) => {
        await world.write("k1", "one");
        await world.a.signIn(annsLogins);
        await Promise.all([world.write("k2", "two"), world.write("k3", "three")]);
        await world.a.synchronize();
        await world.write("k1", "four");
        await world.a.synchronize();
      },
    }));

  it("S-5, S-6: a push whose answer is lost, and that somebody writes over meanwhile", () => {
    let isWrittenOver = false;
    return runAll({
      prepare: async (world) => {
        isWrittenOver = false;
        await world.start("k1", "k2");
      },
      act: async (world) => {
        await world.write("k1", "second");
        const writeOver = async (): Promise<void> => {
          await world.writeElsewhere("k1", { a: "over it" }, { looksFirst: true });
          isWrittenOver = true;
        };
        world.table.faults.push({ type: "meanwhile", run: writeOver }, { type: "lost-answer" });
        await world.a.synchronize();
        await world.write("k2", "third");
        await world.a.synchronize();
      },
      // A repeat of the older push must not bring back what was written over.
      check: (world) => {
        if (isWrittenOver) expect(world.inCloud()["k1"]).toEqual({ a: "over it" });
      },
    });
  });

  it("S-5: a push of which no answer comes", () =>
    runAll({
      prepare: (world) => world.start("k1", "k2"),
      act: async (world) => {
        await world.write("k1", "second");
        world.table.faults.push({ type: "lost-answer" }, { type: "lost-request" }, { type: "lost-answer" });
        await world.a.synchronize();
        await world.write("k1", "third");
        await world.write("k2", "fourth");
        await world.a.synchronize();
      },
    }));

  it("S-8, MERGE-1: a pull that is merged with what is pending", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        await world.writeElsewhere("k1", { b: "beside it" });
        await world.writeElsewhere("k3", { b: "new" });
      },
      act: async (world) => {
        await world.write("k1", "second");
        await world.a.synchronize();
      },
      check: (world) => expect(world.inCloud()).toMatchObject({ k1: { b: "beside it" }, k3: { b: "new" } }),
    }));

  it("MERGE-4: a conflict that the newer edit wins", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        await world.writeElsewhere("k1", { a: "other" });
        await world.writeElsewhere("k2", { a: "other" });
      },
      act: async (world) => {
        await Promise.all([world.write("k1", "second"), world.write("k2", "third")]);
        await world.a.synchronize();
      },
      conflicts: ["record"],
    }));

  it("MERGE-4: a conflict that a person decides", () => {
    const decide = async ({ a }: World): Promise<void> => {
      for (const { id, state } of await a.conflicts()) {
        if (state === "open") await a.resolveConflict(id, { type: "local" });
      }
    };
    return runAll({
      resolver: askUser,
      prepare: async (world) => {
        await world.start("k1");
        await world.writeElsewhere("k1", { a: "other", b: "more" });
        await world.write("k1", "second");
        await world.a.synchronize();
      },
      act: async (world) => {
        expect(await world.a.conflicts()).toHaveLength(1);
        await decide(world);
        await world.a.synchronize();
      },
      finish: decide,
      conflicts: ["record"],
      check: (world) => expect(world.inCloud()["k1"]).toEqual({ a: "second", b: "more" }),
    });
  });

  it("S-14: refused records that are tried again, and given up", () => {
    const decide = async ({ a }: World): Promise<void> => {
      for (const problem of a.problems.getSnapshot()) {
        if (problem.type !== "rejected") continue;
        if (problem.key === "k1") await a.retryRejected(problem.id);
        else await a.discardRejected(problem.id);
      }
    };
    return runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        for (const key of ["k1", "k2"]) world.table.refused.add(key);
        await world.write("k1", "second");
        await world.write("k2", "given up");
        await world.a.synchronize();
        world.table.refused.clear();
        world.acknowledged.set("k2", "first");
      },
      act: async (world) => {
        await world.a.opened;
        await decide(world);
        await world.a.synchronize();
      },
      finish: decide,
      check: (world) => expect(world.inCloud()).toEqual({ k1: { a: "second" }, k2: { a: "first" } }),
    });
  });

  it("S-14: records that the cloud refuses, singled out of their commit", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1");
        world.table.refused.add("k3");
      },
      act: async (world) => {
        for (const key of ["k1", "k2", "k3", "k4"]) await world.write(key, "second");
        await world.a.synchronize();
      },
      finish: async (world) => {
        await world.a.synchronize();
        world.table.refused.clear();
        for (const problem of world.a.problems.getSnapshot()) {
          if (problem.type === "rejected") await world.a.retryRejected(problem.id);
        }
      },
    }));

  it("S-11: a dataset that is deleted everywhere, and made again", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        await world.write("k2", "pending");
      },
      act: async (world) => {
        // Asked for is as good as done: what was written before it may go, or be there.
        world.acknowledged.clear();
        await notesOf(world.a).deleteEverywhere();
        expect(world.inCloud()).toEqual({});
        await world.write("k3", "again");
        await world.a.synchronize();
      },
      conflicts: ["dataset-deleted"],
      check: (world, conflicts) => {
        expect(conflicts).toEqual([]);
        if (world.acknowledged.has("k3")) expect(world.inCloud()).toEqual({ k3: { a: "again" } });
      },
    }));

  it("S-11: a deletion elsewhere that meets an edit which is pending here", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        await world.write("k1", "pending");
        await notesOf(world.b).deleteEverywhere();
        world.acknowledged.delete("k2");
      },
      act: (world) => world.a.synchronize().then(() => {}),
      conflicts: ["dataset-deleted"],
      check: (world, conflicts) => {
        expect(world.inCloud()).toEqual({ k1: { a: "pending" } });
        expect(conflicts).toHaveLength(1);
      },
    }));

  it("S-12: a cloud that goes back", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        const backup = world.table.snapshot(notesName);
        await world.write("k1", "second");
        await world.write("k3", "new");
        await world.a.synchronize();
        world.table.restore(notesName, backup);
      },
      act: async (world) => {
        await world.write("k2", "third");
        await world.a.synchronize();
      },
      conflicts: ["cloud-restored"],
      check: (world) => expect(world.inCloud()).toMatchObject({ k1: { a: "second" }, k3: { a: "new" } }),
    }));

  it("S-10: a head that does not tell the truth is written anew", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        const { head } = world.table.table(notesName);
        world.table.table(notesName).head = head && { ...head, recordCount: head.recordCount + 1 };
      },
      act: async (world) => {
        await world.write("k1", "second");
        await notesOf(world.a).verify();
        await world.a.synchronize();
      },
    }));

  it("S-13: records without a head get a new one", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        world.table.table(notesName).head = null;
      },
      act: async (world) => {
        await world.write("k1", "second");
        await world.a.synchronize();
      },
      // A new head has a new lineage: to the other device the cloud looks restored, and what A wrote since differs.
      conflicts: ["cloud-restored"],
    }));

  it("S-16: a transaction that is pushed, one that clashes, and what was written on top of it", () => {
    const transfer = async (world: World, text: string): Promise<void> => {
      for (const key of ["k1", "k2"]) world.asked.set(key, text);
      await notesOf(world.a).transaction(async (tx) => {
        for (const key of ["k1", "k2"]) await tx.update(key, (note) => ({ ...note, a: text }), { initial: {} });
      });
      for (const key of ["k1", "k2"]) world.acknowledged.set(key, text);
    };
    return runAll({
      prepare: (world) => world.start("k1", "k2"),
      act: async (world) => {
        await transfer(world, "second");
        world.table.faults.push({ type: "lost-answer" });
        await world.a.synchronize();
        await transfer(world, "third");
        await world.writeElsewhere("k2", { b: "beside it" });
        await world.a.synchronize();
      },
      check: (world) => expect(world.inCloud()["k1"]?.["a"]).toBe(world.inCloud()["k2"]?.["a"]),
    });
  });

  it("S-9: a damaged row is fetched again", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1", "k2");
        await world.a.close();
        await world.damageRow("k2");
      },
      act: async (world) => {
        await world.write("k1", "second");
        expect(await notesOf(world.a).verify()).toMatchObject({ repaired: 1 });
        await world.a.synchronize();
      },
      finish: async (world) => {
        await notesOf(world.a).verify();
      },
    }));

  it("what nobody wrote is moved to the one who signs in", () =>
    runAll({
      prepare: async (world) => {
        await world.start("k1");
        await world.a.signOut({ unsynced: "keep" });
      },
      act: async (world) => {
        await world.write("k2", "nobody's");
        await Promise.all([world.write("k3", "nobody's"), world.write("k4", "nobody's")]);
        await world.a.signIn(annsLogins);
        await world.write("k5", "ann's");
        await world.a.synchronize();
      },
    }));
});
