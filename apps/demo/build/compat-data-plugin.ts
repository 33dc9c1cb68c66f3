// Makes `virtual:compat-data` from the package at build time, so that no generated data stands in the repository.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";
import { compatEntries } from "./compat-entries.ts";

const require = createRequire(import.meta.url);
const virtualId = "virtual:compat-data";

export function compatDataPlugin(): Plugin {
  const resolvedId = `\0${virtualId}`;
  return {
    name: "holdfast-compat-data",
    resolveId: (id) => (id === virtualId ? resolvedId : undefined),
    load(id) {
      if (id !== resolvedId) return undefined;
      const file = require.resolve("@mdn/browser-compat-data");
      const entries = compatEntries(JSON.parse(readFileSync(file, "utf8")));
      // A string for JSON.parse is read several times faster than the same data as an object literal.
      return `export default JSON.parse(${JSON.stringify(JSON.stringify(entries))});`;
    },
  };
}
