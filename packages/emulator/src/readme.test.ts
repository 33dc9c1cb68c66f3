// The README's example, run as it stands.
import { execFile } from "node:child_process";
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { build } from "esbuild";
import { expect, it } from "vitest";

const packageRoot = fileURLToPath(new URL("..", import.meta.url));

it("the README's example runs", async () => {
  const readme = await readFile(join(packageRoot, "README.md"), "utf8");
  const example = /```ts\n(import .*?)```/s.exec(readme)?.[1] ?? "";
  // Under the package, so that its dependencies are found.
  const bundle = join(packageRoot, "node_modules", ".test", `readme-${process.pid}.mjs`);
  await build({
    stdin: { contents: example, loader: "ts", resolveDir: packageRoot },
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    alias: { "@holdfast/emulator": join(packageRoot, "src", "index.ts") },
    external: ["jose"],
    logLevel: "warning",
  });
  const { stdout } = await promisify(execFile)(process.execPath, [bundle]);
  expect(stdout).toMatch(/^us-east-1 us-east-1:\S+ holdfast http:\/\/127\.0\.0\.1:\d+\n$/);
  await rm(bundle);
});
