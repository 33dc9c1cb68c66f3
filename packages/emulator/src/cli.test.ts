// The command as a process of its own, bundled from the sources so that a stale build never passes.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

const packageRoot = fileURLToPath(new URL("..", import.meta.url));
// Under the package, so that its dependencies are found.
const bundle = join(packageRoot, "node_modules", ".test", `cli-${process.pid}.mjs`);

let dataDir: string;
let running: ChildProcess[] = [];

beforeAll(async () => {
  await build({
    entryPoints: [join(packageRoot, "src", "cli.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    logLevel: "warning",
  });
});

afterAll(() => rm(bundle));

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "holdfast-cli-"));
});

afterEach(async () => {
  for (const child of running) child.kill("SIGKILL");
  running = [];
  await rm(dataDir, { recursive: true });
});

interface Output {
  text: string;
}

function start(...options: string[]): { child: ChildProcess; output: Output } {
  const child = spawn(process.execPath, [bundle, ...options], { stdio: ["ignore", "pipe", "pipe"] });
  running.push(child);
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => (output.text += chunk.toString()));
  }
  return { child, output };
}

/** A running command's output, once it is complete. */
async function started(...options: string[]): Promise<{ child: ChildProcess; text: string }> {
  const { child, output } = start("--port", "0", "--issuer-port", "0", ...options);
  await expect.poll(() => output.text, { timeout: 4000 }).toContain("Data: ");
  return { child, text: output.text };
}

async function ended(...options: string[]): Promise<{ status: number; text: string }> {
  const { child, output } = start(...options);
  const [status] = await once(child, "close");
  return { status, text: output.text };
}

const urlIn = (text: string, label: string): string => new RegExp(`${label}: (http://\\S+)`).exec(text)?.[1] ?? "";
const emulatorIn = (text: string): string => urlIn(text, "DynamoDB");

async function cognito(url: string, action: string, input: object): Promise<{ status: number; body: object }> {
  const headers = { "x-amz-target": `AWSCognitoIdentityService.${action}` };
  const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(input) });
  return { status: answer.status, body: await answer.json() };
}

const pool = { IdentityPoolId: "us-east-1:00000000-0000-4000-8000-00000000c0de" };

describe("holdfast-emulator", () => {
  it("prints where it listens, and stops cleanly at SIGINT and SIGTERM", async () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      const { child, text } = await started();
      expect(text).toContain("Identity pool: us-east-1:00000000-0000-4000-8000-00000000c0de");
      expect(text).toContain("Table: holdfast in us-east-1");
      expect(await cognito(emulatorIn(text), "GetId", pool)).toMatchObject({ status: 200 });
      child.kill(signal);
      const [status] = await once(child, "exit");
      expect(status).toBe(0);
      await expect(fetch(urlIn(text, "Engine, unchecked"))).rejects.toThrow();
    }
  });

  it("--with-issuer trusts an issuer of its own, --no-guests nobody else", async () => {
    const { text } = await started("--with-issuer", "--no-guests");
    const issuer = urlIn(text, "Token issuer");
    const answer = await fetch(`${issuer}/token`, { method: "POST", body: JSON.stringify({ user: "ada" }) });
    const { token } = await answer.json();
    const login = { ...pool, Logins: { [issuer.replace("http://", "")]: token } };
    expect(await cognito(emulatorIn(text), "GetId", login)).toMatchObject({ status: 200 });
    expect(await cognito(emulatorIn(text), "GetId", pool)).toMatchObject({
      status: 400,
      body: { __type: "NotAuthorizedException" },
    });
  });

  it("leaves no engine behind when it is killed, and starts again with its data", async () => {
    const { child, text } = await started("--data-dir", dataDir);
    const { body } = await cognito(emulatorIn(text), "GetId", pool);
    child.kill("SIGKILL");
    await once(child, "exit");
    await expect
      .poll(() => fetch(urlIn(text, "Engine, unchecked")).catch(() => "gone"), { timeout: 4000 })
      .toBe("gone");
    const again = await started("--data-dir", dataDir);
    expect(await cognito(emulatorIn(again.text), "GetCredentialsForIdentity", body)).toMatchObject({ status: 200 });
  });

  it("takes providers, a pool id and an engine", async () => {
    const engine = await started();
    const { text } = await started(
      "--provider",
      "login.example=https://login.example,my-app",
      "--identity-pool-id",
      "eu-west-1:00000000-0000-4000-8000-00000000c0de",
      "--engine-endpoint",
      urlIn(engine.text, "Engine, unchecked"),
    );
    expect(text).toContain("in eu-west-1");
    const refused = await cognito(emulatorIn(text), "GetId", {
      IdentityPoolId: "eu-west-1:00000000-0000-4000-8000-00000000c0de",
      Logins: { "login.example": "no token", "other.example": "no token" },
    });
    expect(refused).toMatchObject({ status: 400 });
  });

  it("explains itself, and what is wrong", async () => {
    const help = await ended("--help");
    expect(help.status).toBe(0);
    expect(help.text).toContain("--engine-endpoint");
    for (const [options, message] of [
      [["--port", "many"], '--port must be a number, not "many".'],
      [["--provider", "x"], "--provider must be <loginsKey>=<issuer>,<audience>"],
      [["--unknown"], "Unknown option '--unknown'"],
    ] as const) {
      const { status, text } = await ended(...options);
      expect(status).toBe(1);
      expect(text).toContain(message);
    }
  });
});
