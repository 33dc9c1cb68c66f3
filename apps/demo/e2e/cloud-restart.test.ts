import { startEmulator, type Emulator } from "@holdfast/emulator";
import type { Page } from "playwright-core";
import { expect } from "vitest";
import { readDataset } from "./cloud-table.ts";
import { test as base } from "./demo-test.ts";
import { allNotes, conflictsOf, whenSaved } from "./notes-page.ts";

const total = 2_000;

const test = base.extend<{ readonly startCloudAgain: () => Promise<Emulator> }>({
  /** After the demo's own emulator was closed: another one at its address, with its data. */
  startCloudAgain: async ({ demo, temporaryFolder }, use) => {
    const { loginsKey, issuer, audience } = demo.issuer;
    const started: Emulator[] = [];
    await use(async () => {
      const emulator = await startEmulator({
        port: Number(new URL(demo.emulator.url).port),
        dataDir: temporaryFolder("cloud"),
        pool: { guests: true, providers: { [loginsKey]: { issuer, audience } } },
      });
      started.push(emulator);
      return emulator;
    });
    await Promise.all(started.map((emulator) => emulator.close()));
  },
});

test(`The emulator is stopped in the middle of pushing 2,000 records and started again with its data: \
sync goes on by itself, nothing lost, nothing twice`, async ({ consoles, demo, openDevice, startCloudAgain }) => {
  const one = await openDevice();
  // Slow enough that the stop comes in the middle.
  demo.emulator.setFaults({ latencyMs: 100 });
  await putNotes(one);
  await one.waitForFunction((total) => {
    const { phase, pending } = window.holdfast.client.status.getSnapshot();
    return phase === "pushing" && pending > 0 && pending < total * 0.8;
  }, total);
  consoles.expectLostRequests(demo.emulator.url);
  await demo.emulator.close();
  const { pending, state } = await one.evaluate(() => window.holdfast.client.status.getSnapshot());
  expect(pending).toBeGreaterThan(0);
  expect(pending).toBeLessThan(total);
  expect(state).not.toBe("saved");
  await one.locator('[data-testid="status"][data-state="waiting"]').waitFor();

  const emulator = await startCloudAgain();
  await whenSaved(one);

  const { head, records } = await readDataset(emulator, "notes");
  const written = await allNotes(one);
  expect(written.size).toBe(total);
  expect(head).toMatchObject({ recordCount: total });
  expect(Object.fromEntries([...records].map(([key, { value }]) => [key, value]))).toEqual(Object.fromEntries(written));
  // Every commit that landed is still the latest one of each of its records: nothing went up a second time.
  const landed = new Set([...records.values()].map(({ commit }) => commit));
  expect(landed.size).toBe(head?.["syncCount"]);
  expect(await one.evaluate(() => window.holdfast.notes.verify())).toEqual({ equal: true, differing: [], repaired: 0 });

  const two = await openDevice();
  expect(await allNotes(two)).toEqual(written);
  for (const page of [one, two]) expect(await conflictsOf(page)).toEqual([]);
});

async function putNotes(page: Page): Promise<void> {
  await page.evaluate(async (total) => {
    await window.holdfast.notes.bulkPut(
      Array.from({ length: total }, (_, at) => [
        `note-${at}`,
        { title: `Note ${at}`, body: `The text of note ${at}`, items: {}, tags: ["many"], createdAt: at },
      ]),
    );
  }, total);
}
