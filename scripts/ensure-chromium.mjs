// The browser of the end-to-end tests. `node scripts/ensure-chromium.mjs` installs Chromium where there is none and it
// may, else says what to install; tests import `findChromium`.
import { spawnSync } from "node:child_process";
import { accessSync, constants, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import { pathToFileURL } from "node:url";

const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

export const remedy =
  "The end-to-end tests need Chromium, and there is none. Install it (Debian: apt-get install chromium; Fedora: dnf " +
  "install chromium), or name a Chromium or Chrome that is there: CHROMIUM_PATH=/path/to/chromium npm test";

/**
 * Where Chromium is: CHROMIUM_PATH if it is set, /usr/bin/chromium, or the first of its names in PATH.
 *
 * @returns {string | null}
 */
export function findChromium() {
  const named = process.env["CHROMIUM_PATH"];
  if (named) return isProgram(named) ? named : null;
  const folders = (process.env["PATH"] ?? "").split(delimiter).filter(Boolean);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return ["/usr/bin/chromium", ...paths].find(isProgram) ?? null;
}

/** @param {string} path */
function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** Whether Chromium is there afterwards. */
function install() {
  const become = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  if (!succeeds([...become, "apt-get", "--version"], "ignore")) return false;
  console.error("There is no Chromium for the end-to-end tests: installing it with apt-get.");
  const aptGet = [...become, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"];
  return (
    succeeds([...aptGet, "update"]) &&
    succeeds([...aptGet, "install", "--yes", "--no-install-recommends", "chromium"]) &&
    findChromium() !== null
  );
}

/**
 * @param {readonly string[]} command
 * @param {"inherit" | "ignore"} output
 */
function succeeds([program = "", ...options], output = "inherit") {
  return spawnSync(program, options, { stdio: ["ignore", output, output] }).status === 0;
}

/** A wrong CHROMIUM_PATH is a mistake to be told, not a reason to install another browser. */
function ensure() {
  if (findChromium() !== null || (!process.env["CHROMIUM_PATH"] && install())) return;
  console.error(remedy);
  process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) ensure();
