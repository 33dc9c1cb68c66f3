// Everything the demo needs on one machine: the emulated cloud, a sign-in service, and the app built and served.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { startEmulator, startTokenIssuer } from "@holdfast/emulator";
import { build, type Rollup } from "vite";
import { freePort } from "./free-port.ts";
import { contentTypeOf, serveSite, type SiteFile } from "./static-site.ts";

export interface DemoOptions {
  /** Wanted ports; a free one is taken where they are in use. Default: any free ones. */
  port?: number;
  emulatorPort?: number;
  issuerPort?: number;
  /** Where the emulated cloud keeps its data. Default: in memory. */
  dataDir?: string;
}

export interface Demo {
  readonly url: string;
  readonly emulator: Awaited<ReturnType<typeof startEmulator>>;
  readonly issuer: Awaited<ReturnType<typeof startTokenIssuer>>;
  close(): Promise<void>;
}

export async function startDemo(options: DemoOptions = {}): Promise<Demo> {
  const files = await builtApp();
  const issuer = await startTokenIssuer({ port: await freePort(options.issuerPort ?? 0) });
  const emulator = await startEmulator({
    port: await freePort(options.emulatorPort ?? 0),
    ...(options.dataDir !== undefined && { dataDir: options.dataDir }),
    pool: { guests: true, providers: { [issuer.loginsKey]: { issuer: issuer.issuer, audience: issuer.audience } } },
  });
  const { region, identityPoolId, tableName, endpoints } = emulator;
  const { issuer: issuerUrl, loginsKey } = issuer;
  const config = { region, identityPoolId, tableName, endpoints, issuer: issuerUrl, loginsKey };
  const configFile = { contentType: contentTypeOf("config.json"), body: JSON.stringify(config) };
  const port = await freePort(options.port ?? 0);
  const site = await serveSite(new Map(files).set("/config.json", configFile), port);
  return {
    url: site.url,
    emulator,
    issuer,
    async close() {
      await site.close();
      await emulator.close();
      await issuer.close();
    },
  };
}

let building: Promise<ReadonlyMap<string, SiteFile>> | undefined;

/** Built in memory, once for each process: two test runs side by side never write into one folder. */
function builtApp(): Promise<ReadonlyMap<string, SiteFile>> {
  building ??= buildApp();
  return building;
}

async function buildApp(): Promise<ReadonlyMap<string, SiteFile>> {
  const built = await build({ root: appRoot(), logLevel: "warn", build: { write: false } });
  const outputs = (Array.isArray(built) ? built : [built]).flatMap((result) => ("output" in result ? result.output : []));
  return new Map(outputs.map((file) => [`/${file.fileName}`, toSiteFile(file)]));
}

function toSiteFile(file: Rollup.OutputAsset | Rollup.OutputChunk): SiteFile {
  return { contentType: contentTypeOf(file.fileName), body: file.type === "chunk" ? file.code : file.source };
}

/** The same from the sources (tests) and from dist (npm start). */
function appRoot(): string {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "vite.config.ts"))) folder = dirname(folder);
  return folder;
}
