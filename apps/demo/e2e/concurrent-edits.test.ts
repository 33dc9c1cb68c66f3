import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./demo-test.ts";
import {
  allNotes,
  conflictsOf,
  editNote,
  noteRow,
  setOffline,
  syncNow,
  whenNote,
  whenSaved,
  writeNote,
} from "./notes-page.ts";

test("Both offline, different fields of one record edited: after both sync, both edits are in both", async ({
  openDevice,
}) => {
  const [one, two] = await Promise.all([openDevice(), openDevice()]);
  const key = await writeNote(one, { title: "Shopping", body: "Bread" });
  await whenSaved(one);
  await syncNow(two);
  await noteRow(two, key).waitFor();

  await Promise.all([setOffline(one, true), setOffline(two, true)]);
  await editNote(one, key, { title: "Shopping for Sunday" });
  await editNote(two, key, { body: "Bread and cheese" });
  await goOnline(one);
  await goOnline(two);
  await syncNow(one);

  for (const page of [one, two]) {
    await whenNote(page, key, { title: "Shopping for Sunday", body: "Bread and cheese" });
    expect(await conflictsOf(page)).toEqual([]);
  }
  expect(await allNotes(two)).toEqual(await allNotes(one));
});

test(`Both offline, the same field edited: both show the newest; \
the other value is in conflicts() and can be restored`, async ({ openDevice }) => {
  const [one, two] = await Promise.all([openDevice(), openDevice()]);
  const newerHere = await writeNote(one, { title: "First note" });
  const newerThere = await writeNote(one, { title: "Second note" });
  await whenSaved(one);
  await syncNow(two);
  await noteRow(two, newerThere).waitFor();

  await Promise.all([setOffline(one, true), setOffline(two, true)]);
  await editNote(two, newerThere, { title: "Second, by two" });
  await editNote(one, newerThere, { title: "Second, by one, newer" });
  await editNote(one, newerHere, { title: "First, by one" });
  await editNote(two, newerHere, { title: "First, by two, newer" });
  await goOnline(one);
  // The second meets the other's edits: it keeps the newest of each, be it its own or not.
  await goOnline(two);
  await syncNow(one);
  for (const page of [one, two]) {
    await whenNote(page, newerHere, { title: "First, by two, newer" });
    await whenNote(page, newerThere, { title: "Second, by one, newer" });
  }
  expect(await allNotes(two)).toEqual(await allNotes(one));
  const lost = (await conflictsOf(two)).map(({ local, remote, result }) => ({ local, remote, result }));
  expect(lost).toHaveLength(2);
  expect(lost).toContainEqual(titles("First, by two, newer", "First, by one", "First, by two, newer"));
  expect(lost).toContainEqual(titles("Second, by two", "Second, by one, newer", "Second, by one, newer"));

  await restore(two, "First, by one");
  await whenNote(two, newerHere, { title: "First, by one" });
  await restore(two, "Second, by two");
  await whenNote(two, newerThere, { title: "Second, by two" });
  await whenSaved(two);
  await syncNow(one);
  for (const page of [one, two]) {
    await whenNote(page, newerHere, { title: "First, by one" });
    await whenNote(page, newerThere, { title: "Second, by two" });
  }
  expect(await allNotes(two)).toEqual(await allNotes(one));
});

async function goOnline(page: Page): Promise<void> {
  await setOffline(page, false);
  await whenSaved(page);
}

const titles = (local: string, remote: string, result: string) => ({
  local: expect.objectContaining({ title: local }),
  remote: expect.objectContaining({ title: remote }),
  result: expect.objectContaining({ title: result }),
});

/** Presses "Restore this" beside the value that was not kept. */
async function restore(page: Page, title: string): Promise<void> {
  const button = page.getByTestId("restore");
  const card = page.getByTestId("conflict").filter({ has: page.getByText(title, { exact: true }) });
  await card.filter({ has: button }).getByTestId("restore").click();
}
