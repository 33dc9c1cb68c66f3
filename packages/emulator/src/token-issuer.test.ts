import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createRemoteJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startTokenIssuer, type TokenIssuer } from "./index.ts";

let issuer: TokenIssuer;

beforeAll(async () => {
  issuer = await startTokenIssuer();
});

afterAll(() => issuer.close());

const keysOf = async ({ issuer: url }: TokenIssuer) => {
  const configuration = await (await fetch(`${url}/.well-known/openid-configuration`)).json();
  expect(configuration.issuer).toBe(url);
  return createRemoteJWKSet(new URL(configuration.jwks_uri));
};
const ask = async (body: unknown, at = issuer) => {
  const answer = await fetch(`${at.url}/token`, {
    method: "POST",
    headers: { origin: "https://app.example" },
    body: JSON.stringify(body),
  });
  return {
    status: answer.status,
    origin: answer.headers.get("access-control-allow-origin"),
    body: await answer.json(),
  };
};

describe("startTokenIssuer", () => {
  it("signs in any test user, by call and over HTTP, with tokens that its published keys verify", async () => {
    expect(issuer.loginsKey).toBe(issuer.issuer.replace("http://", ""));
    const { status, origin, body } = await ask({ user: "ada" });
    expect({ status, origin }).toEqual({ status: 200, origin: "*" });
    for (const { token, expiresAt } of [await issuer.tokenFor("ada"), body]) {
      const { payload } = await jwtVerify(token, await keysOf(issuer), {
        issuer: issuer.issuer,
        audience: "holdfast-app",
      });
      expect(payload).toMatchObject({ sub: "ada", exp: expiresAt / 1000 });
      expect(Math.abs(expiresAt - Date.now() - 3600_000)).toBeLessThan(5000);
    }
  });

  it("refuses names that are none", async () => {
    for (const user of ["", "Ada", "a b", 7]) expect(await ask({ user })).toMatchObject({ status: 400 });
    await expect(issuer.tokenFor("Ada")).rejects.toMatchObject({ code: "invalid-option" });
    const few = await startTokenIssuer({ users: ["grace"] });
    expect(await ask({ user: "ada" }, few)).toMatchObject({ status: 400 });
    expect(await ask({ user: "grace" }, few)).toMatchObject({ status: 200 });
    await few.close();
  });

  it("answers a preflight, and what it does not have", async () => {
    const preflight = await fetch(`${issuer.url}/token`, {
      method: "OPTIONS",
      headers: { origin: "https://app.example", "access-control-request-headers": "content-type" },
    });
    expect(Object.fromEntries(preflight.headers)).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "content-type",
    });
    expect((await fetch(`${issuer.url}/nothing`)).status).toBe(404);
  });

  it("keeps its key with a data directory, so that tokens outlive a restart", async () => {
    const dataDir = await mkdtemp(join(tmpdir(), "holdfast-issuer-"));
    const first = await startTokenIssuer({ dataDir });
    const { token } = await first.tokenFor("ada");
    await first.close();
    const second = await startTokenIssuer({ dataDir });
    await jwtVerify(token, await keysOf(second));
    await second.close();
    await writeFile(join(dataDir, "issuer-key.json"), "{}");
    await expect(startTokenIssuer({ dataDir })).rejects.toMatchObject({ code: "data-dir-unreadable" });
    await rm(dataDir, { recursive: true });
  });
});
