import { chromium, type BrowserContext } from "playwright-core";
import { expect } from "vitest";
import { readDataset } from "./cloud-table.ts";
import { chromiumPath, openDemo, test as base } from "./demo-test.ts";
import { noteRow, setOffline, syncNow, whenSaved, writeNote } from "./notes-page.ts";

const test = base.extend<{ readonly openProfile: () => Promise<BrowserContext> }>({
  /** A browser process of its own, always with the same profile. */
  openProfile: async ({ consoles, temporaryFolder }, use) => {
    let context: BrowserContext | undefined;
    await use(async () => {
      context = await chromium.launchPersistentContext(temporaryFolder("profile"), { executablePath: chromiumPath() });
      consoles.watch(context);
      return context;
    });
    await context?.close();
  },
});

test(`A note written offline is there after a reload, \
and after the browser process was killed with SIGKILL right after put resolved`, async ({
  demo: { emulator, url },
  openDevice,
  openProfile,
}) => {
  const profile = await openProfile();
  const page = await profile.newPage();
  await openDemo(page, url, "ada");
  await setOffline(page, true);
  const reloaded = await writeNote(page, { title: "Before a reload", body: "Written offline" });
  await page.reload();
  await noteRow(page, reloaded).getByText("Written offline").waitFor();
  expect((await readDataset(emulator, "notes")).records.size).toBe(0);
  await setOffline(page, false);
  await whenSaved(page);

  await profile.setOffline(true);
  const pid = await browserPid(profile);
  const isClosed = profile.waitForEvent("close");
  await page.evaluate(async () => {
    const note = { title: "Before the kill", body: "Nearly lost", items: {}, tags: [], createdAt: Date.now() };
    await window.holdfast.notes.put("before-the-kill", note);
  });
  process.kill(-pid, "SIGKILL");
  await isClosed;
  expect([...(await readDataset(emulator, "notes")).records.keys()]).toEqual([reloaded]);

  const again = await (await openProfile()).newPage();
  await again.goto(`${url}?user=ada`);
  await noteRow(again, "before-the-kill").getByText("Nearly lost").waitFor();
  await noteRow(again, reloaded).waitFor();
  await whenSaved(again);

  const other = await openDevice();
  await syncNow(other);
  for (const key of ["before-the-kill", reloaded]) await noteRow(other, key).waitFor();
});

/** The browser's own process leads the group of all its processes. */
async function browserPid(context: BrowserContext): Promise<number> {
  const session = await context.browser()?.newBrowserCDPSession();
  const answer = await session?.send("SystemInfo.getProcessInfo");
  const browser = answer?.processInfo.find(({ type }) => type === "browser");
  if (browser === undefined) throw new Error("Chromium does not tell its process id.");
  return browser.id;
}
