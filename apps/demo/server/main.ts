// `npm start`: one URL, data kept in .holdfast/ at the root of the repository, Ctrl-C ends it.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { startDemo } from "./start-demo.ts";

const wantedPort = Number(process.env["PORT"] ?? 5180);
const demo = await startDemo({
  port: wantedPort,
  emulatorPort: 5181,
  issuerPort: 5182,
  dataDir: join(repositoryRoot(), ".holdfast"),
});

const isMoved = new URL(demo.url).port !== String(wantedPort);
console.log(`
  Holdfast demo

  ➜  ${demo.url}
${isMoved ? `\n  Port ${wantedPort} is in use. A browser keeps data by address, so notes of earlier runs are not at this one.\n` : ""}
  Ctrl-C stops it.
`);

let stopping = false;
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    demo.close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}

function repositoryRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package-lock.json"))) folder = dirname(folder);
  return folder;
}
