import type { Page } from "playwright-core";
import { expect } from "vitest";
import { test } from "./demo-test.ts";
import { noteRow, whenSaved, writeNote } from "./notes-page.ts";

test("On a phone: a note is written, and nothing scrolls sideways", async ({ openDevice }) => {
  const page = await openDevice({ viewport: { width: 390, height: 844 }, isMobile: true, hasTouch: true });
  await expectNoSidewaysScroll(page);
  const title = "A title that is longer than the screen is wide, and then some words more";
  const key = await writeNote(page, {
    title,
    body: "https://example.com/a-word-without-any-place-to-break-it".repeat(3),
  });
  await expectNoSidewaysScroll(page);
  await page.getByRole("link", { name: "Back to the list" }).click();
  await noteRow(page, key).getByText(title).waitFor();
  await whenSaved(page);
  await expectNoSidewaysScroll(page);
  await page.getByTestId("status").click();
  await page.getByTestId("sync-panel").waitFor();
  await expectNoSidewaysScroll(page);
});

async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const [needed, there] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  expect(there).toBe(390);
  expect(needed).toBeLessThanOrEqual(390);
}
