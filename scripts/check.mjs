// `npm run check`: types, lint with the import boundaries, format, unused code, packaging, and what is in the bundles.
// Stops at the first that fails.
import { spawnSync } from "node:child_process";

const packages = ["core", "client", "emulator"];

const checks = [
  ["types", ["npx", "tsc", "-b"]],
  ["types of the tests", ["npx", "tsc", "-p", "tsconfig.test.json"]],
  ["lint", ["npx", "oxlint", "--type-aware", "--deny-warnings"]],
  ["format", ["npx", "prettier", "--check", "--log-level", "warn", "."]],
  ["unused code", ["npx", "knip", "--no-config-hints"]],
  ...packages.flatMap((name) => [
    [`packaging of ${name}`, ["npx", "publint", "--strict", `packages/${name}`]],
    [
      `types as ${name} exports them`,
      ["npx", "attw", "--pack", `packages/${name}`, "--profile", "esm-only", "--quiet"],
    ],
  ]),
  ["size and content of bundles", ["node", "scripts/size.mjs"]],
];

for (const [name, [command, ...options]] of checks) {
  console.log(`check: ${name}`);
  const { status } = spawnSync(command, options, { stdio: "inherit" });
  if (status === 0) continue;
  console.error(`check: ${name} failed (${[command, ...options].join(" ")})`);
  process.exit(1);
}
