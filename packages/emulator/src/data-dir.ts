// A data directory belongs to one running emulator. A process number in a lock file would mislead after a crash
// (numbers come back), so the file says where the owner answers, and the owner is asked.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { EmulatorError } from "./emulator-error.ts";
import { controlPrefix } from "./http/control.ts";
import { isObject, parseJson, textAt } from "./json.ts";

interface Owner {
  readonly url: string;
  readonly instance: string;
}

export interface DataDir {
  readonly identitiesPath: string;
  readonly databasePath: string;
  own(owner: Owner): void;
  release(): void;
}

const askMsMax = 2000;

/** Throws an EmulatorError when another emulator uses it. */
export async function openDataDir(directory: string): Promise<DataDir> {
  const ownerPath = join(directory, "emulator.running.json");
  try {
    mkdirSync(directory, { recursive: true });
  } catch (error) {
    throw new EmulatorError("data-dir-unreadable", `The data directory ${directory} can't be made. Choose another.`, {
      cause: error,
    });
  }
  const owner = readOwner(ownerPath);
  if (owner !== null && (await isRunning(owner))) {
    throw new EmulatorError(
      "data-dir-in-use",
      `The data directory ${directory} is in use by the emulator at ${owner.url}. Stop it, or choose another.`,
    );
  }
  return {
    identitiesPath: join(directory, "identities.json"),
    databasePath: join(directory, "dynamodb.sqlite"),
    own: (self) => writeFileSync(ownerPath, JSON.stringify(self)),
    release: () => rmSync(ownerPath, { force: true }),
  };
}

function readOwner(path: string): Owner | null {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return null;
  }
  const input = parseJson(text);
  if (!isObject(input)) return null;
  const url = textAt(input, "url");
  const instance = textAt(input, "instance");
  return url === undefined || instance === undefined ? null : { url, instance };
}

async function isRunning({ url, instance }: Owner): Promise<boolean> {
  try {
    const answer = await fetch(`${url}${controlPrefix}instance`, { signal: AbortSignal.timeout(askMsMax) });
    const body: unknown = await answer.json();
    return isObject(body) && body["instance"] === instance;
  } catch {
    return false;
  }
}
