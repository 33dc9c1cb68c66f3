// `npm run size -- [--json FILE]`: what a page downloads, bundled from the built packages. Fails where a budget is passed,
// or where something is in a bundle that must not be.
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { build } from "esbuild";

const { values } = parseArgs({ options: { json: { type: "string" } } });

/** Bytes of gzip: `target` is where it shall be, `gzipMax` what it must not pass meanwhile. */
const bundles = [
  {
    name: "start: @holdfast/client, Dexie included, no AWS",
    entry: 'export * from "@holdfast/client"',
    gzipMax: 84_000,
    target: 58_000,
    forbidden: ["@aws-sdk", "@smithy", "react", "fake-indexeddb", "packages/client/dist/testing"],
  },
  {
    name: "all: @holdfast/client and @holdfast/client/aws with what it imports",
    entry: 'export * from "@holdfast/client"; export * from "@holdfast/client/aws"',
    gzipMax: 181_000,
    target: 120_000,
    forbidden: ["client-sts", "credential-provider", "react", "node:"],
  },
];

const results = [];
let failed = false;
for (const { name, entry, gzipMax, target, forbidden } of bundles) {
  const { outputFiles, metafile } = await build({
    stdin: { contents: entry, resolveDir: new URL("../packages/client", import.meta.url).pathname },
    ...{
      bundle: true,
      minify: true,
      write: false,
      metafile: true,
      format: "esm",
      platform: "browser",
      target: "es2023",
    },
    splitting: false,
    outdir: "unused",
  });
  const code = Buffer.concat(outputFiles.map(({ contents }) => contents));
  const gzip = gzipSync(code, { level: 9 }).length;
  results.push({ name, min: code.length, gzip, brotli: brotliCompressSync(code).length, gzipMax, target });
  // What tree shaking left out is no part of the bundle.
  const inputs = Object.values(metafile.outputs).flatMap((output) =>
    Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
  );
  for (const word of forbidden) {
    const found = inputs.find((path) => path.includes(word));
    if (!found) continue;
    console.error(`size: "${name}" contains ${found}`);
    failed = true;
  }
  if (gzip > gzipMax) {
    console.error(`size: "${name}" has ${gzip} bytes gzipped; its budget is ${gzipMax}`);
    failed = true;
  }
}
console.table(results);
const { version } = JSON.parse(readFileSync(new URL("../packages/client/package.json", import.meta.url), "utf8"));
if (values.json) writeFileSync(values.json, `${JSON.stringify({ version, bundles: results }, null, 2)}\n`);
process.exit(failed ? 1 : 0);
