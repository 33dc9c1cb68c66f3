// `npm start`: one URL, data kept in .holdfast/ of the current folder, Ctrl-C ends it. `--engine-endpoint URL` names a
// DynamoDB engine where none comes with the packages (anywhere but Linux x64).
import { join } from "node:path";
import { parseArgs } from "node:util";
import { EmulatorError } from "@holdfast/emulator";
import { startDemo, type Demo } from "./start-demo.ts";

const { values: flags } = parseArgs({ options: { "engine-endpoint": { type: "string" } } });
const endpoint = flags["engine-endpoint"];
const wanted = { port: Number(process.env["PORT"] ?? 4173), emulatorPort: 4700, issuerPort: 4701 };
const print = (text: string): boolean => process.stdout.write(`${text}\n`);

try {
  const engine = endpoint === undefined ? {} : { engine: { endpoint } };
  const demo = await startDemo({ ...wanted, ...engine, dataDir: join(process.cwd(), ".holdfast") });
  print(`\n  Holdfast demo  ${demo.url}\n`);
  for (const hint of movedHints(demo)) print(`  ${hint}`);
  print("  The cloud is emulated on this machine and keeps its data in .holdfast/. Ctrl-C stops it.\n");
  closeOnSignal(demo);
} catch (error) {
  if (!(error instanceof EmulatorError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}

/** Browsers keep data by address, and the cloud knows a login by its issuer's address. */
function movedHints({ url, emulator, issuer }: Demo): readonly string[] {
  const parts = [
    { name: "app", url, port: wanted.port },
    { name: "cloud", url: emulator.url, port: wanted.emulatorPort },
    { name: "sign-in", url: issuer.url, port: wanted.issuerPort },
  ];
  const moved = parts.filter((part) => new URL(part.url).port !== String(part.port));
  if (moved.length === 0) return [];
  const ports = moved.map(({ name, port }) => `${port} (${name})`).join(", ");
  return [`In use: port ${ports}. Others were taken, so notes of earlier runs do not show in this one.`];
}

function closeOnSignal(demo: Demo): void {
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= demo.close().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on("SIGINT", close);
  process.on("SIGTERM", close);
}
