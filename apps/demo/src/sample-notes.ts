// Three notes to try the app with, for a person who has none yet.
import type { Note } from "./note.ts";

export function sampleNotes(now: number): [key: string, note: Note][] {
  const notes: Note[] = [
    {
      title: "Weekend on the coast",
      body: text(
        "Train at 8:12 from platform 4. The cottage key is under the third pot.",
        "Ask Mara whether low tide on Sunday is early enough for the rock pools.",
      ),
      items: checklist([
        ["Rain jackets", true],
        ["Torch and spare batteries", true],
        ["Tide table", false],
        ["Something for dinner", false],
      ]),
      tags: ["travel", "family"],
      colour: "tide",
      pinned: true,
      createdAt: now,
    },
    {
      title: "Lentil soup, the good one",
      body: text(
        "One onion, two carrots, a thumb of ginger. Red lentils, a tin of tomatoes, stock. Twenty minutes.",
        "Lemon at the end, never before.",
      ),
      items: {},
      tags: ["recipes"],
      colour: "coral",
      createdAt: now - 1,
    },
    {
      title: "Try this",
      body: [
        "1. Switch to offline and change this line.",
        "2. Open a second device and change another note there.",
        "3. Go back online and watch both arrive.",
      ].join("\n"),
      items: {},
      tags: ["holdfast"],
      createdAt: now - 2,
    },
  ];
  return notes.map((note) => [crypto.randomUUID(), note]);
}

function text(...paragraphs: readonly string[]): string {
  return paragraphs.join("\n\n");
}

function checklist(lines: readonly (readonly [text: string, done: boolean])[]): Note["items"] {
  return Object.fromEntries(lines.map(([text, done], at) => [crypto.randomUUID(), { text, done, order: at + 1 }]));
}
