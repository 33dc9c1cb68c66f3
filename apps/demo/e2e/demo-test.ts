// `test` of all end-to-end tests: a demo with a cloud of its own for each test, and devices in one real Chromium.
// oxlint-disable no-empty-pattern -- Vitest reads what a fixture needs from this pattern.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test as base, expect } from "vitest";
import { chromium, type Browser, type BrowserContext, type BrowserContextOptions, type Page } from "playwright-core";
import { findChromium, remedy } from "../../../scripts/ensure-chromium.mjs";
import { startDemo, type Demo } from "../server/start-demo.ts";
import { watchConsole, type ConsoleWatch } from "./console-watch.ts";

interface DeviceOptions extends BrowserContextOptions {
  /** Signs in at the start. Default "ada"; null: a guest. */
  readonly user?: "ada" | "grace" | null;
}

export interface Fixtures {
  readonly browser: Browser;
  /** A folder that is removed after the test. */
  readonly temporaryFolder: (name: string) => string;
  /** Keeps its cloud's data in the temporary folder "cloud", so that another emulator can go on with it. */
  readonly demo: Demo;
  /** What the consoles of all pages say; a test fails where that is an error it does not expect. */
  readonly consoles: ConsoleWatch;
  /** A device with storage of its own, at the demo's first page, signed in and equal to the cloud. */
  readonly openDevice: (options?: DeviceOptions) => Promise<Page>;
}

export function chromiumPath(): string {
  const path = findChromium();
  if (path === null) throw new Error(remedy);
  return path;
}

export const test = base.extend<Fixtures>({
  browser: [
    async ({}, use) => {
      const browser = await chromium.launch({ executablePath: chromiumPath() });
      await use(browser);
      await browser.close();
    },
    { scope: "worker" },
  ],
  temporaryFolder: async ({}, use) => {
    const parent = await mkdtemp(join(tmpdir(), "holdfast-e2e-"));
    await use((name) => join(parent, name));
    await rm(parent, { recursive: true });
  },
  demo: async ({ temporaryFolder }, use) => {
    const demo = await startDemo({ dataDir: temporaryFolder("cloud") });
    await use(demo);
    await demo.close();
  },
  consoles: async ({ onTestFinished }, use) => {
    const consoles = watchConsole();
    // Not behind `use`: a failure there would leave the other fixtures standing.
    onTestFinished(() => expect(consoles.errors(), "errors on the pages' consoles").toEqual([]));
    await use(consoles);
  },
  openDevice: async ({ browser, demo, consoles }, use) => {
    const contexts: BrowserContext[] = [];
    await use(async ({ user = "ada", ...options } = {}) => {
      const context = await browser.newContext(options);
      contexts.push(context);
      consoles.watch(context);
      const page = await context.newPage();
      await openDemo(page, demo.url, user);
      return page;
    });
    await Promise.all(contexts.map((context) => context.close()));
  },
});

/** Goes to the demo's first page, and waits until the user is signed in and everything has come. */
export async function openDemo(page: Page, url: string, user: "ada" | "grace" | null): Promise<void> {
  await page.goto(user === null ? url : `${url}?user=${user}`);
  await page.getByTestId("status").waitFor();
  if (user === null) return;
  await page.waitForFunction(() => window.holdfast.client.identity.getSnapshot().kind === "authenticated");
  await page.evaluate(() => window.holdfast.client.synchronize());
}
