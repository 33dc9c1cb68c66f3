// `npm run model [-- SCENARIO]`: the explicit-state model of the sync rules, all of it (packages/core/test/model).
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "holdfast-model-"));
try {
  const outfile = join(folder, "model.mjs");
  const entry = new URL("../packages/core/test/model/main.ts", import.meta.url).pathname;
  await build({ entryPoints: [entry], outfile, bundle: true, platform: "node", format: "esm", logLevel: "warning" });
  // Millions of states are kept, as their hashes.
  const node = [process.execPath, "--max-old-space-size=8192", outfile, ...process.argv.slice(2)];
  process.exitCode = spawnSync(node[0], node.slice(1), { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true });
}
