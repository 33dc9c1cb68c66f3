// `npm run check`: types, lint with the import boundaries, formatting, packaging. Stops at the first that fails.
import { spawnSync } from "node:child_process";

const checks = [
  ["types", ["tsc", "-b"]],
  ["types of the tests", ["tsc", "-p", "tsconfig.test.json"]],
  ["lint", ["oxlint", "--type-aware"]],
  ["format", ["prettier", "--check", "--log-level", "warn", "packages", "scripts", "*.ts", "*.json", "*.md"]],
  ["packaging of core", ["publint", "--strict", "packages/core"]],
  ["packaging of client", ["publint", "--strict", "packages/client"]],
];

for (const [name, [command, ...options]] of checks) {
  console.log(`check: ${name}`);
  const { status } = spawnSync("npx", ["--no-install", command, ...options], { stdio: "inherit" });
  if (status !== 0) {
    console.error(`check: ${name} failed (${[command, ...options].join(" ")})`);
    process.exit(1);
  }
}
