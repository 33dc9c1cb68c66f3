import type { Page } from "playwright-core";
import { expect } from "vitest";
import { readDataset } from "./cloud-table.ts";
import { test } from "./demo-test.ts";
import { whenSaved } from "./notes-page.ts";

test("Real input: the sample data loads, syncs, and arrives on the second device equal, record by record", async ({
  demo: { emulator },
  openDevice,
}) => {
  const one = await openDevice();
  await one.getByTestId("load-data").click();
  await one.getByText(/records saved on this device/).waitFor();
  await whenSaved(one);
  const opened = one.waitForEvent("popup");
  await one.getByTestId("second-device").click();
  const two = await opened;
  await whenComplete(two);
  await two.getByRole("link", { name: "Browser data" }).click();
  await two.getByTestId("feature-row").first().waitFor();

  const written = await allFeatures(one);
  const arrived = await allFeatures(two);
  expect(written.size).toBeGreaterThan(2_000);
  expect([...arrived.keys()]).toEqual([...written.keys()]);
  for (const [key, feature] of written) expect(arrived.get(key), key).toEqual(feature);

  const cloud = await readDataset(emulator, "compat");
  expect(cloud.head).toMatchObject({ recordCount: written.size });
  expect(new Set(cloud.records.keys())).toEqual(new Set(written.keys()));
  for (const page of [one, two]) {
    const report = await page.evaluate(() => window.holdfast.compat.verify());
    expect(report).toEqual({ equal: true, differing: [], repaired: 0 });
  }
});

/** Until the whole dataset has come from the cloud. */
async function whenComplete(page: Page): Promise<void> {
  await page.getByTestId("status").waitFor();
  await page.waitForFunction(() => {
    const { state, records } = window.holdfast.compat.getSnapshot();
    return state === "complete" && records.size > 0;
  });
}

async function allFeatures(page: Page): Promise<ReadonlyMap<string, unknown>> {
  return new Map(await page.evaluate(async () => [...(await window.holdfast.compat.getAll())]));
}
