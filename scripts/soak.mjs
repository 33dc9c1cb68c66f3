// `npm run soak -- --seconds N [--seed S]`: simulated runs, one seed after the other, for so long. Prints JSON. Fails where
// a promise was broken, with the shortest script that still breaks it.
import { parseArgs } from "node:util";
import { simulate, simulationFaults } from "@holdfast/client/testing";

const { values } = parseArgs({ options: { seconds: { type: "string" }, seed: { type: "string" } } });
const seconds = Number(values.seconds ?? 60);
const firstSeed = Number(values.seed ?? 1);
if (!(seconds > 0) || !Number.isSafeInteger(firstSeed)) {
  console.error("Usage: npm run soak -- --seconds N [--seed S]");
  process.exit(2);
}

const startedAt = performance.now();
const happenings = {};
const violations = [];
let [seeds, operations] = [0, 0];
while (performance.now() - startedAt < seconds * 1_000) {
  const seed = firstSeed + seeds;
  const report = await simulate({ seed, replicas: 2 + (seed % 7), steps: 1_500 });
  seeds += 1;
  operations += report.operations;
  for (const [what, times] of Object.entries(report.happenings)) happenings[what] = (happenings[what] ?? 0) + times;
  if (report.violations.length > 0) violations.push({ seed, violations: report.violations, script: report.script });
}

const faults = Object.fromEntries(
  simulationFaults.flatMap((fault) => (happenings[fault] ? [[fault, happenings[fault]]] : [])),
);
const operationsPerMinute = Math.round((operations / (performance.now() - startedAt)) * 60_000);
const crashes = happenings.crash ?? 0;
console.log(
  JSON.stringify(
    { firstSeed, seeds, operations, operationsPerMinute, crashes, faults, happenings, violations },
    null,
    2,
  ),
);
process.exitCode = violations.length > 0 ? 1 : 0;
