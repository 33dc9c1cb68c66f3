#!/usr/bin/env node
// The command: startEmulator, and startTokenIssuer if asked, until SIGINT or SIGTERM.
import { once } from "node:events";
import { parseArgs } from "node:util";
import type { Provider } from "./cognito/login-verifier.ts";
import { startEmulator } from "./emulator.ts";
import { EmulatorError } from "./emulator-error.ts";
import { startTokenIssuer } from "./token-issuer.ts";

const help = `holdfast-emulator: a Cognito identity pool and its IAM checks in front of a DynamoDB engine, on 127.0.0.1

  --port <n>                  default 4700; 0: a free one
  --data-dir <directory>      where tables, identities and keys are kept; without it they are in memory
  --identity-pool-id <id>     default us-east-1:00000000-0000-4000-8000-00000000c0de
  --provider <loginsKey>=<issuer>,<audience>
                              an OIDC provider that the pool trusts; may be given several times
  --no-guests                 no credentials without a login
  --engine-endpoint <url>     a DynamoDB engine that runs already (DynamoDB Local, for example)
  --with-issuer               also starts an OIDC provider for test users, and trusts it
  --issuer-port <n>           its port; default 4701; 0: a free one
  --help
`;

const options = {
  port: { type: "string", default: "4700" },
  "data-dir": { type: "string" },
  "identity-pool-id": { type: "string" },
  provider: { type: "string", multiple: true },
  "no-guests": { type: "boolean", default: false },
  "engine-endpoint": { type: "string" },
  "with-issuer": { type: "boolean", default: false },
  "issuer-port": { type: "string", default: "4701" },
  help: { type: "boolean", default: false },
} as const;

const print = (line: string): boolean => process.stdout.write(`${line}\n`);

async function run(): Promise<void> {
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(help);
    return;
  }
  const stopped = Promise.race([once(process, "SIGINT"), once(process, "SIGTERM")]);
  const dataDir = values["data-dir"];
  const kept = dataDir === undefined ? {} : { dataDir };
  const issuer = values["with-issuer"]
    ? await startTokenIssuer({ port: parsePort("--issuer-port", values["issuer-port"]), ...kept })
    : null;
  try {
    const identityPoolId = values["identity-pool-id"];
    const endpoint = values["engine-endpoint"];
    const emulator = await startEmulator({
      port: parsePort("--port", values.port),
      ...kept,
      ...(identityPoolId === undefined ? {} : { identityPoolId }),
      ...(endpoint === undefined ? {} : { engine: { endpoint } }),
      pool: {
        guests: !values["no-guests"],
        providers: Object.fromEntries([
          ...(values.provider ?? []).map(parseProvider),
          ...(issuer === null
            ? []
            : [[issuer.loginsKey, { issuer: issuer.issuer, audience: issuer.audience }] as const]),
        ]),
      },
    });
    print(`Cognito identity and DynamoDB: ${emulator.url}`);
    print(`Identity pool: ${emulator.identityPoolId}`);
    print(`Table: ${emulator.tableName} in ${emulator.region}`);
    print(`Engine, unchecked: ${emulator.engineEndpoint}`);
    if (issuer !== null) {
      print(`Token issuer: ${issuer.url} (logins key ${issuer.loginsKey}, audience ${issuer.audience})`);
      print(`  a token: curl -d '{"user":"ada"}' ${issuer.url}/token`);
    }
    print(dataDir === undefined ? "Data: in memory" : `Data: ${dataDir}`);
    await stopped;
    await emulator.close();
  } finally {
    await issuer?.close();
  }
}

function parsePort(name: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  throw new EmulatorError("invalid-option", `${name} must be a number, not "${text}".`);
}

function parseProvider(text: string): readonly [string, Provider] {
  const [, loginsKey, issuer, audience] = /^([^=]+)=(\S+),([^,]+)$/.exec(text) ?? [];
  if (loginsKey && issuer && audience) return [loginsKey, { issuer, audience }];
  throw new EmulatorError("invalid-option", `--provider must be <loginsKey>=<issuer>,<audience>, not "${text}".`);
}

const isUsageError = (error: unknown): error is Error =>
  error instanceof Error && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS");

try {
  await run();
} catch (error) {
  if (!(error instanceof EmulatorError) && !isUsageError(error)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
