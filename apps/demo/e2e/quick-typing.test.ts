import { expect } from "vitest";
import { test } from "./demo-test.ts";
import { allNotes, whenSaved } from "./notes-page.ts";

test("Whoever types at once after asking for a new note types into that one", async ({ openDevice }) => {
  const page = await openDevice();
  const written = [
    ["Groceries", "milk"],
    ["Trip", "Ferry at nine"],
    ["Reading list", "The Sea, the Sea"],
  ] as const;
  for (const [title, body] of written) {
    await page.getByTestId("new-note").first().click();
    await page.getByTestId("title").fill(title);
    await page.getByTestId("body").fill(body);
  }
  await page.getByTestId("body").blur();
  await page.waitForFunction(() => window.holdfast.client.status.getSnapshot().unwritten === 0);
  await whenSaved(page);
  const texts = [...(await allNotes(page)).values()].map(({ title, body }) => [title, body] as const);
  expect(new Map(texts)).toEqual(new Map(written));
  expect(texts.length).toBe(written.length);
});
