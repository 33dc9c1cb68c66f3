import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import {
  changesOf,
  dynamoOf,
  guestOf,
  idOf,
  itemOf,
  keysOf,
  putOf,
  refusalOf,
  transactionOf,
} from "../test/clients.ts";
import { startDynoxide } from "./dynamodb/dynoxide.ts";
import { startEmulator, startTokenIssuer } from "./index.ts";

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "holdfast-emulator-"));
});

afterEach(() => rm(dataDir, { recursive: true }));

const portOf = ({ url }: { url: string }) => Number(new URL(url).port);

describe("startEmulator", () => {
  it("tells where everything is", async () => {
    const emulator = await startEmulator();
    const { url } = emulator;
    expect(emulator).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      region: "us-east-1",
      identityPoolId: "us-east-1:00000000-0000-4000-8000-00000000c0de",
      tableName: "holdfast",
      endpoints: { cognitoIdentity: url, dynamodb: url, sts: url },
    });
    await emulator.close();
    await emulator.close();
    await expect(fetch(url)).rejects.toThrow();
  });

  it("goes on with the same rows, identities, logins and credentials after a restart with the same data", async () => {
    const issuer = await startTokenIssuer({ dataDir });
    const providers = { [issuer.loginsKey]: { issuer: issuer.issuer, audience: issuer.audience } };
    const login = async () => ({ [issuer.loginsKey]: (await issuer.tokenFor("ada")).token });
    const first = await startEmulator({ dataDir, pool: { providers } });
    const guest = await guestOf(first);
    const ada = await idOf(first, await login());
    const item = itemOf(guest.identityId, "a");
    await dynamoOf(first, guest).send(transactionOf(putOf(item)));
    await first.close();
    expect(await readdir(dataDir)).not.toContain("emulator.running.json");

    const second = await startEmulator({ dataDir, port: portOf(first), pool: { providers } });
    expect((await dynamoOf(second, guest).send(changesOf(guest.identityId))).Items).toEqual([item]);
    expect((await keysOf(second, guest.identityId)).identityId).toBe(guest.identityId);
    expect(await idOf(second, await login())).toBe(ada);
    await Promise.all([second.close(), issuer.close()]);
  });

  it("uses an engine that runs already, leaves it running, and says so when it has gone", async () => {
    const running = await startDynoxide(null);
    const over = await startEmulator({ engine: { endpoint: running.endpoint } });
    const keys = await guestOf(over);
    await dynamoOf(over, keys).send(transactionOf(putOf(itemOf(keys.identityId, "a"))));
    await over.close();
    // It is not stopped, and a table that is there stays.
    const next = await startEmulator({ engine: { endpoint: running.endpoint } });
    expect(next.engineEndpoint).toBe(running.endpoint);
    const admin = dynamoOf({ ...next, url: running.endpoint }, keys);
    expect((await admin.send(changesOf(keys.identityId))).Count).toBe(1);
    const guest = await guestOf(next);
    await running.stop();
    expect(await refusalOf(dynamoOf(next, guest).send(changesOf(guest.identityId)))).toMatchObject({
      status: 500,
      message: expect.stringContaining("The emulator failed: The DynamoDB engine"),
    });
    await next.close();
  });

  it("refuses an endpoint that is no engine", async () => {
    const engine = await startEmulator();
    // Another emulator is no engine: it refuses what is not signed by an identity.
    await expect(startEmulator({ engine: { endpoint: engine.url } })).rejects.toMatchObject({
      name: "EmulatorError",
      code: "engine-failed",
    });
    await engine.close();
    await expect(startEmulator({ engine: { endpoint: engine.url } })).rejects.toMatchObject({
      code: "engine-failed",
      message: expect.stringContaining("does not answer"),
    });
  });

  it("says what to do when there is no engine for this machine, or it does not start", async () => {
    vi.spyOn(process, "arch", "get").mockReturnValue("mips");
    await expect(startEmulator()).rejects.toMatchObject({
      code: "engine-missing",
      message: expect.stringContaining("--engine-endpoint"),
    });
    vi.restoreAllMocks();
    await mkdir(join(dataDir, "dynamodb.sqlite"));
    await expect(startEmulator({ dataDir })).rejects.toMatchObject({
      code: "engine-failed",
      message: expect.stringContaining("engine: { endpoint }"),
    });
  });

  it("refuses a port that is in use, and leaves nothing behind", async () => {
    const emulator = await startEmulator();
    await expect(startEmulator({ port: portOf(emulator), dataDir })).rejects.toMatchObject({
      name: "EmulatorError",
      code: "port-in-use",
      message: `Port ${portOf(emulator)} is in use. Stop what listens there, choose another port, or 0 for a free one.`,
    });
    const next = await startEmulator({ dataDir });
    await Promise.all([emulator.close(), next.close()]);
  });

  it("refuses data that another emulator uses, and not what a killed one has left", async () => {
    const emulator = await startEmulator({ dataDir });
    await expect(startEmulator({ dataDir })).rejects.toMatchObject({
      code: "data-dir-in-use",
      message: expect.stringContaining(emulator.url),
    });
    await emulator.close();
    const other = await startEmulator();
    await writeFile(join(dataDir, "emulator.running.json"), JSON.stringify({ url: other.url, instance: "gone" }));
    const next = await startEmulator({ dataDir });
    await Promise.all([other.close(), next.close()]);
  });

  it("refuses data of another pool, and data that it can't read", async () => {
    const emulator = await startEmulator({ dataDir });
    await guestOf(emulator);
    await emulator.close();
    const identityPoolId = "eu-west-1:00000000-0000-4000-8000-00000000c0de";
    await expect(startEmulator({ dataDir, identityPoolId })).rejects.toMatchObject({ code: "invalid-option" });
    await writeFile(join(dataDir, "identities.json"), "{");
    await expect(startEmulator({ dataDir })).rejects.toMatchObject({ code: "data-dir-unreadable" });
  });

  it.each([
    { port: 70_000 },
    { port: 1.5 },
    { identityPoolId: "pool" },
    { faults: { lostRequests: 2 } },
    { engine: { endpoint: "nowhere" } },
  ])("refuses %j", async (options) => {
    await expect(startEmulator(options)).rejects.toMatchObject({ name: "EmulatorError", code: "invalid-option" });
  });

  it("is of the region that the pool's id begins with", async () => {
    const emulator = await startEmulator({ identityPoolId: "eu-west-1:00000000-0000-4000-8000-00000000c0de" });
    const keys = await guestOf(emulator);
    expect(keys.identityId).toMatch(/^eu-west-1:/);
    expect((await dynamoOf(emulator, keys).send(changesOf(keys.identityId))).Count).toBe(0);
    await emulator.close();
  });
});
