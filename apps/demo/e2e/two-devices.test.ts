import { expect } from "vitest";
import { test } from "./demo-test.ts";
import { allNotes, noteRow, syncNow, whenSaved, writeNote } from "./notes-page.ts";

test("Two browser contexts with the same identity: what one writes the other shows, both ways; removes too", async ({
  openDevice,
}) => {
  const [one, two] = await Promise.all([openDevice(), openDevice()]);
  const fromOne = await writeNote(one, { title: "From the first", body: "Written on the first device" });
  // By itself: the second device looks for news now and then.
  await noteRow(two, fromOne).getByText("Written on the first device").waitFor();

  const fromTwo = await writeNote(two, { title: "From the second" });
  await whenSaved(two);
  await syncNow(one);
  await noteRow(one, fromTwo).getByText("From the second").waitFor();

  await noteRow(two, fromOne).click();
  await two.getByTestId("delete").click();
  await noteRow(two, fromOne).waitFor({ state: "detached" });
  await whenSaved(two);
  await syncNow(one);
  await noteRow(one, fromOne).waitFor({ state: "detached" });

  expect([...(await allNotes(one)).keys()]).toEqual([fromTwo]);
  expect(await allNotes(two)).toEqual(await allNotes(one));
});
