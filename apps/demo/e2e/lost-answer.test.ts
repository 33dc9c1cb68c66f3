import type { Emulator } from "@holdfast/emulator";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { readDataset } from "./cloud-table.ts";
import { test } from "./demo-test.ts";
import { allNotes, conflictsOf, editNote, setOffline, syncNow, whenNote, whenSaved, writeNote } from "./notes-page.ts";

test("An answer is lost: no conflict, no duplicate, no lost edit, no older value over a newer one", async ({
  consoles,
  demo: { emulator },
  openDevice,
}) => {
  const [one, two] = await Promise.all([openDevice(), openDevice()]);
  const key = await writeNote(one, { title: "0" });
  await whenSaved(one);
  const before = await commitsLanded(emulator);
  await syncNow(two);
  const [shownOne, shownTwo] = [await titlesShown(one, key), await titlesShown(two, key)];

  // A browser repeats a request by itself where a connection that it used before breaks: the cloud gets it twice.
  emulator.setFaults({ lostAnswers: { times: 1, action: "TransactWriteItems" } });
  emulator.resetTraffic();
  await editNote(one, key, { title: "1" });
  await whenSaved(one);
  expect(emulator.traffic().requests["TransactWriteItems"]).toBeGreaterThan(1);
  await expectInCloud(emulator, key, { title: "1", commits: before + 1 });
  await syncNow(two);

  // Here the repeats' answers are lost too, so the app learns of it and has to find out for itself.
  consoles.expectLostRequests(emulator.url);
  await editLosingAnswers({ page: one, emulator, key, title: "2" });
  await editNote(one, key, { title: "3" });
  emulator.setFaults({});
  await whenSaved(one);
  await expectInCloud(emulator, key, { title: "3", commits: before + 3 });
  await syncNow(two);

  for (const page of [one, two]) {
    expect([...(await allNotes(page)).values()].map(({ title }) => title)).toEqual(["3"]);
    expect(await conflictsOf(page)).toEqual([]);
  }
  expect(await shownOne.jsonValue()).toEqual(["0", "1", "2", "3"]);
  // The other device may have looked for news in between, or not; but it never went back.
  const titles = await shownTwo.jsonValue();
  expect(titles).toEqual([...new Set(titles)].sort());
});

test("An answer is lost: … also when another device has written over it before this one looks again", async ({
  consoles,
  demo: { emulator },
  openDevice,
}) => {
  const [one, two] = await Promise.all([openDevice(), openDevice()]);
  const key = await writeNote(one, { title: "0", body: "0" });
  await whenSaved(one);
  const before = await commitsLanded(emulator);
  await syncNow(two);
  const shown = await titlesShown(one, key);

  consoles.expectLostRequests(emulator.url);
  await editLosingAnswers({ page: one, emulator, key, title: "1" });
  await setOffline(one, true);
  emulator.setFaults({});
  await expectInCloud(emulator, key, { title: "1", commits: before + 1 });
  await syncNow(two);
  await editNote(two, key, { title: "2" });
  await whenSaved(two);
  await expectInCloud(emulator, key, { title: "2", commits: before + 2 });
  await editNote(one, key, { body: "Written before it looks again" });

  await setOffline(one, false);
  await whenSaved(one);
  await expectInCloud(emulator, key, { title: "2", commits: before + 3 });
  await syncNow(two);
  for (const page of [one, two]) {
    await whenNote(page, key, { title: "2", body: "Written before it looks again" });
    expect(await conflictsOf(page)).toEqual([]);
  }
  expect(await allNotes(two)).toEqual(await allNotes(one));
  expect(await shown.jsonValue()).toEqual(["0", "1", "2"]);
});

interface LostEdit {
  readonly page: Page;
  readonly emulator: Emulator;
  readonly key: string;
  readonly title: string;
}

/** Resolves when the page knows that a commit failed, and the cloud has it. Answers are lost from then on. */
async function editLosingAnswers({ page, emulator, key, title }: LostEdit): Promise<void> {
  emulator.setFaults({ lostAnswers: { probability: 1, action: "TransactWriteItems" } });
  const failed = page.waitForEvent("requestfailed", (request) =>
    (request.headers()["x-amz-target"] ?? "").endsWith(".TransactWriteItems"),
  );
  await editNote(page, key, { title });
  await failed;
}

/** The only note in the cloud has this title, and so many commits have landed in all: none landed twice. */
async function expectInCloud(
  emulator: Emulator,
  key: string,
  { title, commits }: { readonly title: string; readonly commits: number },
): Promise<void> {
  const { head, records } = await readDataset(emulator, "notes");
  expect([...records.keys()]).toEqual([key]);
  expect(records.get(key)).toMatchObject({ value: { title } });
  expect(head).toMatchObject({ recordCount: 1, syncCount: commits });
}

async function commitsLanded(emulator: Emulator): Promise<number> {
  const { head } = await readDataset(emulator, "notes");
  return Number(head?.["syncCount"]);
}

/** Every title that the note has had on this page from now on, in order. */
async function titlesShown(page: Page, key: string) {
  return page.evaluateHandle((key) => {
    const { notes } = window.holdfast;
    const titles: string[] = [];
    const look = (): void => {
      const title = notes.getSnapshot().records.get(key)?.title;
      if (title !== undefined && title !== titles.at(-1)) titles.push(title);
    };
    notes.subscribe(look);
    look();
    return titles;
  }, key);
}
