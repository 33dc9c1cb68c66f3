// The examples of the READMEs, run as they stand there. Only the cloud is another one: AWS can't be reached from a test.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

let folder = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-readme-"));
});

afterAll(async () => {
  await rm(folder, { recursive: true });
});

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** TypeScript examples of a document, in order. */
async function examplesOf(path: string): Promise<readonly string[]> {
  const text = await readFile(source(path), "utf8");
  return [...text.matchAll(/```ts\n(.*?)```/gs)].flatMap(([, code]) => code ?? []);
}

async function run(
  name: string,
  code: string,
): Promise<{ shown: readonly unknown[]; exports: Record<string, unknown> }> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    stdin: { contents: code, loader: "ts", resolveDir: source(".") },
    ...{ bundle: true, format: "esm", platform: "neutral", outfile, logLevel: "error" },
    mainFields: ["module", "main"],
    conditions: ["browser"],
    alias: {
      "@holdfast/core": source("../../core/src/index.ts"),
      "@holdfast/client/aws": source("../test/memory-aws.ts"),
      "@holdfast/client/testing": source("testing/index.ts"),
      "@holdfast/client": source("index.ts"),
    },
  });
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  try {
    const exports = await import(/* @vite-ignore */ pathToFileURL(outfile).href);
    return { shown: log.mock.calls.map(([value]) => value), exports };
  } finally {
    log.mockRestore();
  }
}

it("the quickstart works, and is saved at the end", async () => {
  const [quickstart = "", conflicts = ""] = await examplesOf("../../../README.md");
  const { shown, exports } = await run("quickstart", quickstart);
  expect(shown).toContainEqual({ title: "Buy milk", done: true });
  expect(shown.at(-1)).toBe("saved");
  const { client } = exports;
  if (typeof client === "object" && client && "close" in client && typeof client.close === "function") {
    await client.close();
  }
  await run("conflicts", `import { defineDataset } from "@holdfast/client";\n${conflicts}`);
});

it("the examples of client and core show what they say", async () => {
  const [testing = ""] = await examplesOf("../README.md");
  expect((await run("testing", testing)).shown).toEqual(["hello"]);
  const [merge = ""] = await examplesOf("../../core/README.md");
  expect((await run("merge", merge)).shown).toEqual([{ title: "oat milk", done: true }]);
});
