// The emulator as a whole: takes its parts' options, starts them in order, and stops them in reverse.
import { randomUUID } from "node:crypto";
import { CloudClock } from "./clock.ts";
import { IdentityPool } from "./cognito/identity-pool.ts";
import { IdentityStore } from "./cognito/identity-store.ts";
import { poolSettings, type PoolOptions } from "./cognito/pool-settings.ts";
import { openDataDir } from "./data-dir.ts";
import { startDynoxide, type EngineProcess } from "./dynamodb/dynoxide.ts";
import { Engine } from "./dynamodb/engine.ts";
import { DynamoGateway } from "./dynamodb/gateway.ts";
import { defaultTableName } from "./dynamodb/table.ts";
import { EmulatorError } from "./emulator-error.ts";
import { FaultInjector, parseFaults, type Faults } from "./faults.ts";
import { createEmulatorServer } from "./http/emulator-server.ts";
import { checkPort, closeServer, listenOnLoopback } from "./http/loopback.ts";
import { TrafficCounter, type Traffic } from "./traffic.ts";

export interface EmulatorOptions {
  /** On 127.0.0.1. Default 0: a free one. */
  readonly port?: number;
  /** `<region>:<uuid>`; its region is the region of everything. */
  readonly identityPoolId?: string;
  /** Where tables, identities and credentials are kept. Without it everything is in memory. */
  readonly dataDir?: string;
  /** Default "dynoxide": the engine that comes with the package. */
  readonly engine?: "dynoxide" | { readonly endpoint: string };
  readonly pool?: PoolOptions;
  readonly faults?: Faults;
}

export interface Emulator {
  /** One for all services, without a slash at its end. */
  readonly url: string;
  readonly region: string;
  readonly identityPoolId: string;
  readonly tableName: string;
  readonly endpoints: { readonly cognitoIdentity: string; readonly dynamodb: string; readonly sts: string };
  /** The engine itself, with no check before it: for tests that want to look behind the emulator. */
  readonly engineEndpoint: string;
  /** Replaces all faults; {} clears them. */
  setFaults(faults: Faults): void;
  /** What came in since the start, or since the last reset. */
  traffic(): Traffic;
  resetTraffic(): void;
  /** All credentials given out so far expire now. */
  expireCredentials(): void;
  /** Resolves when the port is free again and the engine has ended. */
  close(): Promise<void>;
}

const defaultPoolId = "us-east-1:00000000-0000-4000-8000-00000000c0de";
const defaultLifetimeMs = 3600 * 1000;

/** Rejects with an EmulatorError that says what to do. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const { port = 0, identityPoolId = defaultPoolId, dataDir, engine = "dynoxide" } = options;
  checkPort(port);
  const region = regionOf(identityPoolId);
  if (engine !== "dynoxide") checkEndpoint(engine.endpoint);
  const faults = new FaultInjector();
  faults.set(parseFaults(options.faults ?? {}));

  const directory = dataDir === undefined ? null : await openDataDir(dataDir);
  const store = new IdentityStore(identityPoolId, directory?.identitiesPath ?? null);
  const engineProcess =
    engine === "dynoxide" ? await startDynoxide(directory?.databasePath ?? null) : runningEngine(engine.endpoint);
  const parts = emulatorParts({ options, identityPoolId, region, faults, store, engineProcess });
  const instance = randomUUID();
  const stopping = new AbortController();
  const server = createEmulatorServer({
    ...parts,
    controls: { ...parts.controls, instance },
    signal: stopping.signal,
  });
  const stop = async (): Promise<void> => {
    stopping.abort();
    await closeServer(server);
    parts.engine.close();
    await engineProcess.stop();
    directory?.release();
  };
  let url: string;
  try {
    await parts.engine.ensureTable(defaultTableName);
    url = await listenOnLoopback(server, port);
    directory?.own({ url, instance });
  } catch (error) {
    await stop();
    throw error;
  }
  let closed: Promise<void> | undefined;
  return {
    url,
    region,
    identityPoolId,
    tableName: defaultTableName,
    endpoints: { cognitoIdentity: url, dynamodb: url, sts: url },
    engineEndpoint: engineProcess.endpoint,
    ...parts.controls,
    close: () => (closed ??= stop()),
  };
}

interface PartsOptions {
  readonly options: EmulatorOptions;
  readonly identityPoolId: string;
  readonly region: string;
  readonly faults: FaultInjector;
  readonly store: IdentityStore;
  readonly engineProcess: EngineProcess;
}

function emulatorParts({ options, identityPoolId, region, faults, store, engineProcess }: PartsOptions) {
  const clock = new CloudClock(() => faults.faults.dateOffsetMs ?? 0);
  const traffic = new TrafficCounter();
  const engine = new Engine(engineProcess.endpoint, region);
  const pool = new IdentityPool({
    poolId: identityPoolId,
    region,
    settings: poolSettings(options.pool ?? {}),
    store,
    clock,
    credentialsLifetimeMs: () => faults.faults.credentialsLifetimeMs ?? defaultLifetimeMs,
  });
  const gateway = new DynamoGateway({ region, tableName: defaultTableName, store, clock, engine, traffic });
  const controls = {
    setFaults: (input: unknown) => faults.set(parseFaults(input)),
    traffic: () => traffic.snapshot(),
    resetTraffic: () => traffic.reset(),
    expireCredentials: () => store.expireAll(clock.now()),
  };
  return { clock, traffic, engine, pool, gateway, faults, controls };
}

/** One that was started elsewhere is not stopped here. */
const runningEngine = (endpoint: string): EngineProcess => ({
  endpoint,
  stop: () => Promise.resolve(),
});

function checkEndpoint(endpoint: string): void {
  if (URL.canParse(endpoint) && new URL(endpoint).protocol === "http:") return;
  throw new EmulatorError(
    "invalid-option",
    `The engine's endpoint must be a URL like http://127.0.0.1:8000, not "${endpoint}".`,
  );
}

function regionOf(identityPoolId: string): string {
  const region = /^([a-z]{2}(?:-[a-z]+)+-\d):[0-9a-f-]{36}$/.exec(identityPoolId)?.[1];
  if (region !== undefined) return region;
  throw new EmulatorError(
    "invalid-option",
    `"${identityPoolId}" is no identity pool id. It must look like ${defaultPoolId}.`,
  );
}
