// `npm run model`: all scenarios with the rules as they are built, then each broken variant, which has to be caught.
// `npm run model -- NAME`: one scenario. Exits with 1 where something is not as it should be.
import { exhausted, offeredAgain, scenarios, variants, type Variant } from "./scenarios.ts";
import { explore, replay, walk, type Outcome } from "./search.ts";
import { asBuilt } from "./rules.ts";

const [only] = process.argv.slice(2);
const startedAt = performance.now();
let states = 0;
let wrong = 0;

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function run(name: string, shallBeCaught: boolean, search: () => Outcome): void {
  const from = performance.now();
  const outcome = search();
  const seconds = ((performance.now() - from) / 1_000).toFixed(1);
  states += outcome.states;
  const how = outcome.isExhausted ? "exhausted" : shallBeCaught ? "until the first" : "not exhausted";
  say(
    `${name.padEnd(72)} ${String(outcome.states).padStart(9)} states, depth ${String(outcome.depth).padStart(2)}, ${seconds.padStart(5)} s, ${how}, violations: ${outcome.found.length}`,
  );
  const isRight = shallBeCaught === outcome.found.length > 0;
  if (isRight && !shallBeCaught) return;
  for (const { text, trace } of outcome.found) {
    say(`  ${text} (${trace.length} steps)`);
    if (!isRight) say(trace.map((step, index) => `    ${index + 1}. ${step}`).join("\n"));
  }
  if (isRight) return;
  wrong += 1;
  say(`  ^^^ ${shallBeCaught ? "it is not caught" : "the rules are broken"}`);
}

const searchFor = ({ rules, scenario, trace }: Variant): Outcome =>
  trace ? replay({ rules, scenario }, trace) : explore({ rules, scenario }, { kinds: 1 });

for (const scenario of exhausted.filter(({ name }) => !only || name === only)) {
  run(`${scenario.name}: ${scenario.says}`, false, () => explore({ scenario, rules: asBuilt }));
}
if (!only) {
  const wide = { scenario: scenarios.threeRestored, rules: asBuilt };
  run("threeRestored: by seeded walks", false, () => walk(wide, { walks: 4_000 }));
  run("threeRestored: the trace that S-4 is for", false, () => replay(wide, offeredAgain));
  for (const variant of variants) {
    run(`without ${variant.breaks}: ${variant.says} (${variant.scenario.name})`, true, () => searchFor(variant));
  }
}
const total = ((performance.now() - startedAt) / 1_000).toFixed(0);
say(`\n${states} states in ${total} s; not as they should be: ${wrong}`);
process.exitCode = wrong > 0 ? 1 : 0;
