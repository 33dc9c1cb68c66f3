import { expect } from "vitest";
import { readDataset } from "./cloud-table.ts";
import { test } from "./demo-test.ts";
import { allNotes, conflictsOf, editNote, syncNow, whenNote, whenSaved, writeNote } from "./notes-page.ts";

test("Editing a record while its push is in flight keeps the later edit", async ({
  demo: { emulator },
  openDevice,
}) => {
  const [one, two] = await Promise.all([openDevice(), openDevice()]);
  const key = await writeNote(one, { title: "Before", body: "Before" });
  await whenSaved(one);
  await syncNow(two);
  const before = await readDataset(emulator, "notes");

  emulator.setFaults({ latencyMs: 2_000 });
  const isCommit = (request: { headers(): Record<string, string> }): boolean =>
    (request.headers()["x-amz-target"] ?? "").endsWith(".TransactWriteItems");
  const sent = one.waitForRequest(isCommit);
  let isAnswered = false;
  one.on("requestfinished", (request) => (isAnswered ||= isCommit(request)));
  await editNote(one, key, { title: "In flight" });
  await sent;
  expect(await one.evaluate((key) => window.holdfast.notes.record(key).getSnapshot().syncState, key)).toBe("sending");
  await editNote(one, key, { title: "Later", body: "Later" });
  expect(isAnswered, "the commit was still under way").toBe(false);
  emulator.setFaults({});

  await whenSaved(one);
  await syncNow(two);
  for (const page of [one, two]) {
    await whenNote(page, key, { title: "Later", body: "Later" });
    expect(await conflictsOf(page)).toEqual([]);
  }
  expect(await allNotes(two)).toEqual(await allNotes(one));
  const after = await readDataset(emulator, "notes");
  expect(after.records.get(key)).toMatchObject({ value: { title: "Later", body: "Later" } });
  // Both commits landed: the one in flight, and the later edit's.
  expect(after.head?.["syncCount"]).toBe(Number(before.head?.["syncCount"]) + 2);
});
