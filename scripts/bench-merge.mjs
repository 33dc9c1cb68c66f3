// `npm run bench:merge [-- --json FILE] [--seconds N]`: merges a second of records of 2 kB, on one core, by the built
// package. As the sync calls it (values parsed before, no part shared between the three), and by `mergeValues`, which
// copies its inputs first. Fails where one is slower than the target.
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { byPath, counter, listById, mergeRecords, mergeValues, parseValue, text, unionSet } from "@holdfast/core";

const { values: options } = parseArgs({ options: { json: { type: "string" }, seconds: { type: "string" } } });
const secondsEach = Number(options.seconds ?? 1);

/** Merges a second. */
const target = 10_000;

const sentence = "The quick brown fox jumps over the lazy dog, and nobody has ever asked it why. ";

/** A note of about 2 kB: flat and nested fields, a list of items, text. */
const note = (change = {}) => ({
  title: "Shopping for the weekend",
  done: false,
  priority: 3,
  visits: 12,
  body: sentence.repeat(12),
  author: { name: "Ada Lovelace", address: { city: "London", street: "12 St James's Square", zip: "SW1Y 4JH" } },
  place: { lat: 51.507351, lng: -0.127758, accuracy: 12.5 },
  tags: ["food", "weekend", "home", "urgent"],
  rows: Array.from({ length: 12 }, (_, id) => ({
    id: `row-${id}`,
    label: `thing ${id}`,
    amount: id,
    done: id % 2 === 0,
  })),
  createdAt: 1_800_000_000_000,
  ...change,
});
const rowsWith = (changed, value) => note().rows.map((row, at) => (at === changed ? { ...row, ...value } : row));

/** 2 kB as many short fields. */
const flat = (value) => Object.fromEntries(Array.from({ length: 110 }, (_, at) => [`field-${at}`, `${value}-${at}`]));
/** 2 kB as a chain of objects. */
const deep = (value) => Array.from({ length: 60 }).reduce((inner, _, at) => ({ inner, at, what: "text, text" }), value);
const ids = Array.from({ length: 45 }, (_, at) => ({ id: `item-${at}`, text: "some words here" }));
const rotated = (by) => ids.map((_, at) => ids[(at * by) % ids.length]);
const wordsOf = (what, count = 400) => Array.from({ length: count }, (_, at) => `${what}${at * 7}`).join(" ");

const policies = byPath({ "/visits": counter(), "/body": text(), "/rows": listById("id"), "/tags": unionSet() });
const lists = byPath({ "": listById("id") });
const prose = byPath({ "": text() });

/** [what, [base, local, remote], resolver] */
const typical = [
  ["different fields", [note(), note({ title: "Mine", done: true }), note({ priority: 1, place: { lat: 1, lng: 2 } })]],
  ["one clash", [note(), note({ title: "Mine", done: true }), note({ title: "Theirs", priority: 1 })]],
  ["removed against edited", [note(), undefined, note({ title: "Theirs" })]],
  [
    "a list replaced by both",
    [note(), note({ rows: rowsWith(3, { done: true }) }), note({ rows: rowsWith(5, { amount: 9 }) })],
  ],
  ["no base, most is equal", [undefined, note({ title: "Mine" }), note({ priority: 1 })]],
  ["counter", [note(), note({ visits: 13 }), note({ visits: 15 })], policies],
  ["unionSet", [note(), note({ tags: ["food", "mine"] }), note({ tags: ["food", "home", "theirs"] })], policies],
  [
    "listById",
    [note(), note({ rows: rowsWith(3, { done: true }) }), note({ rows: rowsWith(5, { amount: 9 }) })],
    policies,
  ],
  [
    "text of 1 kB",
    [
      note(),
      note({ body: sentence.repeat(12).replace("quick", "slow") }),
      note({ body: `${sentence.repeat(11)}A last one.` }),
    ],
    policies,
  ],
];
/** Told for what it is: no record of an app looks like this. */
const worst = [
  ["every one of 110 fields clashes", [flat("b"), flat("l"), flat("r")]],
  ["60 levels deep", [deep(0), deep(1), deep(2)]],
  ["both shuffle a list of 45", [ids, rotated(2), rotated(4)], lists],
  ["both write 2 kB of text anew", [wordsOf("b"), wordsOf("l"), wordsOf("r")], prose],
];

const results = [
  ...typical.map((scenario) => measure("typical", scenario, mergeRecords)),
  ...typical.slice(0, 2).map((scenario) => measure("typical, copied", scenario, mergeValues)),
  ...worst.map((scenario) => measure("worst", scenario, mergeRecords)),
];
console.table(results);
if (options.json) writeFileSync(options.json, `${JSON.stringify({ target, results }, null, 2)}\n`);
const slow = results.filter(({ kind, mergesPerSecond }) => kind !== "worst" && mergesPerSecond < target);
for (const { what, mergesPerSecond } of slow) console.error(`bench:merge: "${what}" makes ${mergesPerSecond} a second`);
process.exitCode = slow.length > 0 ? 1 : 0;

function measure(kind, [what, sides, resolver], merge) {
  // Each input has objects of its own, as records read from storage and from the wire have.
  const inputs = Array.from({ length: 64 }, () => inputOf(sides, resolver));
  const texts = sides.filter((side) => side !== undefined).map((side) => JSON.stringify(side));
  runFor(inputs, merge, secondsEach / 4);
  // The best round: whatever else the machine does makes them only slower.
  const rounds = Array.from({ length: 5 }, () => runFor(inputs, merge, secondsEach / 5));
  const parses = Array.from({ length: 5 }, () =>
    runFor([texts], (all) => all.map((text) => JSON.parse(text)), secondsEach / 20),
  );
  return {
    kind,
    what,
    kilobytes: Number((Math.max(...texts.map((text) => text.length)) / 1_000).toFixed(1)),
    mergesPerSecond: Math.round(Math.max(...rounds)),
    // The yardstick that holds on any machine: reading the sides from JSON once.
    timesJsonParse: Number((Math.max(...parses) / Math.max(...rounds)).toFixed(2)),
  };
}

function inputOf(sides, resolver) {
  const [base, local, remote] = sides.map((side) => (side === undefined ? undefined : parseValue(side)));
  return { key: "note", base, local, remote, localModifiedAt: 1, remoteModifiedAt: 2, resolver };
}

/** By processor time, so that what else the machine does counts for less. */
function runFor(inputs, merge, seconds) {
  const startedAt = process.cpuUsage();
  let merges = 0;
  let elapsed = 0;
  while (elapsed < seconds) {
    for (const input of inputs) merge(input);
    merges += inputs.length;
    const { user, system } = process.cpuUsage(startedAt);
    elapsed = (user + system) / 1e6;
  }
  return merges / elapsed;
}
