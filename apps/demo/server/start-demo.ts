// Everything the demo needs on one machine: the emulated cloud, a sign-in service, and the app built and served.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { startEmulator, startTokenIssuer, type Emulator, type TokenIssuer } from "@holdfast/emulator";
import { build, type Rolldown } from "vite";
import type { DemoConfig } from "../src/demo-config.ts";
import { freePort } from "./free-port.ts";
import { contentTypeOf, serveSite, type SiteFile } from "./static-site.ts";

export interface DemoOptions {
  /** Wanted ports; a free one is taken where they are in use. Default: any free ones. */
  port?: number;
  emulatorPort?: number;
  issuerPort?: number;
  /** Where the emulated cloud keeps its data. Default: in memory. */
  dataDir?: string;
  /** Default: the engine that comes with the packages. */
  engine?: { endpoint: string };
}

export interface Demo {
  readonly url: string;
  readonly emulator: Emulator;
  readonly issuer: TokenIssuer;
  /** Resolves when all ports are free again. */
  close(): Promise<void>;
}

/** Rejects with an EmulatorError where the data directory is in use or unreadable. */
export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const [built, started] = await Promise.allSettled([builtApp(), startCloud(options)]);
  if (started.status === "rejected") throw started.reason;
  const { emulator, issuer, closeCloud } = started.value;
  try {
    if (built.status === "rejected") throw built.reason;
    const { region, identityPoolId, tableName, endpoints } = emulator;
    const config = { region, identityPoolId, tableName, endpoints, issuer: issuer.issuer, loginsKey: issuer.loginsKey };
    const site = await serveSite(withConfig(built.value, config), await freePort(options.port ?? 0));
    const close = (): Promise<void> => site.close().then(closeCloud);
    let closing: Promise<void> | undefined;
    return { url: site.url, emulator, issuer, close: () => (closing ??= close()) };
  } catch (error) {
    await closeCloud();
    throw error;
  }
}

async function startCloud({ emulatorPort = 0, issuerPort = 0, dataDir, engine }: DemoOptions) {
  const kept = dataDir === undefined ? {} : { dataDir };
  const issuer = await startTokenIssuer({ port: await freePort(issuerPort), ...kept });
  const { loginsKey, audience } = issuer;
  try {
    const emulator = await startEmulator({
      port: await freePort(emulatorPort),
      ...kept,
      ...(engine && { engine }),
      pool: { guests: true, providers: { [loginsKey]: { issuer: issuer.issuer, audience } } },
    });
    const closeCloud = (): Promise<void> => emulator.close().then(() => issuer.close());
    return { emulator, issuer, closeCloud };
  } catch (error) {
    await issuer.close();
    throw error;
  }
}

/** The page carries the cloud's addresses, so that no request stands between it and the first note. */
function withConfig(files: ReadonlyMap<string, SiteFile>, config: DemoConfig): ReadonlyMap<string, SiteFile> {
  const page = files.get("/index.html");
  if (page === undefined) throw new Error("The build made no index.html.");
  const json = JSON.stringify(config).replaceAll("<", "\\u003c");
  const script = `<script type="application/json" id="holdfast-config">${json}</script>`;
  const body = page.body.toString().replace("</head>", `${script}</head>`);
  return new Map(files).set("/index.html", { ...page, body });
}

let building: Promise<ReadonlyMap<string, SiteFile>> | undefined;

/** Built in memory, once for each process: two test runs side by side never write into one folder. */
function builtApp(): Promise<ReadonlyMap<string, SiteFile>> {
  building ??= buildApp();
  return building;
}

async function buildApp(): Promise<ReadonlyMap<string, SiteFile>> {
  const built = await build({ root: appRoot(), logLevel: "warn", build: { write: false } });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((result) =>
    "output" in result ? result.output : [],
  );
  return new Map(outputs.map((file) => [`/${file.fileName}`, toSiteFile(file)]));
}

function toSiteFile(file: Rolldown.OutputAsset | Rolldown.OutputChunk): SiteFile {
  return { contentType: contentTypeOf(file.fileName), body: file.type === "chunk" ? file.code : file.source };
}

/** The same from the sources (tests) and from dist (npm start). */
function appRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "vite.config.ts"))) folder = dirname(folder);
  return folder;
}
