import {
  DescribeIdentityCommand,
  GetCredentialsForIdentityCommand,
  GetIdCommand,
  GetOpenIdTokenCommand,
  ListIdentitiesCommand,
  UnlinkIdentityCommand,
} from "@aws-sdk/client-cognito-identity";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changesOf, cognitoOf, dynamoOf, guestOf, idOf, keysOf, refusalOf } from "../../test/clients.ts";
import { startEmulator, startTokenIssuer, type Emulator, type TokenIssuer } from "../index.ts";

let emulator: Emulator;
let issuer: TokenIssuer;
let other: TokenIssuer;
let untrusted: TokenIssuer;
let users = 0;

const customRole = "arn:aws:iam::123456789012:role/editors";

beforeAll(async () => {
  [issuer, other, untrusted] = await Promise.all([startTokenIssuer(), startTokenIssuer(), startTokenIssuer()]);
  const providers = Object.fromEntries([issuer, other].map((one) => [one.loginsKey, providerOf(one)]));
  emulator = await startEmulator({ pool: { classicFlow: true, providers, roles: { custom: [customRole] } } });
});

afterAll(async () => {
  await Promise.all([emulator, issuer, other, untrusted].map((one) => one.close()));
});

const providerOf = (one: TokenIssuer) => ({ issuer: one.issuer, audience: one.audience });
const loginOf = async (user: string, from = issuer) => ({ [from.loginsKey]: (await from.tokenFor(user)).token });
const newUser = () => `user-${++users}`;
const forbidden = (identityId: string) => ({
  name: "NotAuthorizedException",
  message: `Access to Identity '${identityId}' is forbidden.`,
  status: 400,
});

describe("a guest", () => {
  it("is a new identity each time, with credentials for an hour", async () => {
    const first = await guestOf(emulator);
    const second = await guestOf(emulator);
    expect(first.identityId).toMatch(/^us-east-1:[0-9a-f-]{36}$/);
    expect(second.identityId).not.toBe(first.identityId);
    expect(first.accessKeyId).toMatch(/^ASIA[A-Z2-7]{16}$/);
    const lifetime = first.expiration.getTime() - Date.now();
    expect(lifetime).toBeGreaterThan(3590_000);
    expect(lifetime).toBeLessThanOrEqual(3600_000);
  });

  it("is refused where the pool allows none", async () => {
    const strict = await startEmulator({ pool: { guests: false } });
    expect(await refusalOf(idOf(strict))).toEqual({
      name: "NotAuthorizedException",
      message: "Unauthenticated access is not supported for this identity pool.",
      status: 400,
    });
    await strict.close();
  });
});

describe("a login", () => {
  it("leads to the same identity from every device", async () => {
    const user = newUser();
    const identityId = await idOf(emulator, await loginOf(user));
    expect(await idOf(emulator, await loginOf(user))).toBe(identityId);
    expect(await idOf(emulator, await loginOf(newUser()))).not.toBe(identityId);
    const keys = await keysOf(emulator, identityId, await loginOf(user));
    expect(keys.identityId).toBe(identityId);
    await dynamoOf(emulator, keys).send(changesOf(identityId));
  });

  it("that is new is linked to the guest, whose id stays", async () => {
    const guest = await idOf(emulator);
    const login = await loginOf(newUser());
    expect((await keysOf(emulator, guest, login)).identityId).toBe(guest);
    expect(await idOf(emulator, login)).toBe(guest);
    expect(await refusalOf(keysOf(emulator, guest))).toEqual(forbidden(guest));
  });

  it("of another identity merges the two and disables the guest", async () => {
    const login = await loginOf(newUser());
    const owner = await idOf(emulator, login);
    const guest = await guestOf(emulator);
    expect((await keysOf(emulator, guest.identityId, login)).identityId).toBe(owner);
    expect(await refusalOf(keysOf(emulator, guest.identityId))).toEqual(forbidden(guest.identityId));
    expect(await refusalOf(keysOf(emulator, guest.identityId, login))).toEqual(forbidden(guest.identityId));
    // Credentials given out before go on until they expire.
    await dynamoOf(emulator, guest).send(changesOf(guest.identityId));
  });

  it("is added to an identity that shows one of its own beside it, and to no other", async () => {
    const [own, added] = [await loginOf(newUser()), await loginOf(newUser(), other)];
    const identityId = await idOf(emulator, own);
    expect(await refusalOf(keysOf(emulator, identityId, added))).toMatchObject({
      name: "NotAuthorizedException",
      message: "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    });
    expect((await keysOf(emulator, identityId, { ...own, ...added })).identityId).toBe(identityId);
    expect(await idOf(emulator, added)).toBe(identityId);
  });

  it("of another identity merges it into the signed-in one, unless both have the same provider", async () => {
    const [own, elsewhere] = [await loginOf(newUser()), await loginOf(newUser(), other)];
    const [identityId, merged] = [await idOf(emulator, own), await idOf(emulator, elsewhere)];
    expect((await keysOf(emulator, identityId, { ...own, ...elsewhere })).identityId).toBe(identityId);
    expect(await idOf(emulator, elsewhere)).toBe(identityId);
    expect(await refusalOf(keysOf(emulator, merged, elsewhere))).toEqual(forbidden(merged));

    const second = await loginOf(newUser(), other);
    await idOf(emulator, { ...(await loginOf(newUser())), ...second });
    expect(await refusalOf(keysOf(emulator, identityId, { ...own, ...second }))).toMatchObject({
      name: "ResourceConflictException",
    });
    expect(await idOf(emulator, own)).toBe(identityId);
  });

  it("is forgotten when it is unlinked", async () => {
    const login = await loginOf(newUser());
    const identityId = await idOf(emulator, login);
    await cognitoOf(emulator).send(
      new UnlinkIdentityCommand({ IdentityId: identityId, Logins: login, LoginsToRemove: [issuer.loginsKey] }),
    );
    expect(await idOf(emulator, login)).not.toBe(identityId);
    expect(await refusalOf(keysOf(emulator, identityId))).toEqual(forbidden(identityId));
  });
});

describe("a token", () => {
  const refused = async (token: string, key = issuer.loginsKey) => refusalOf(idOf(emulator, { [key]: token }));

  it("that was tampered with is refused", async () => {
    const { token } = await issuer.tokenFor("ada");
    const [header, , signature] = token.split(".");
    const payload = Buffer.from(JSON.stringify({ ...decodeJwt(token), sub: "grace" })).toString("base64url");
    expect(await refused([header, payload, signature].join("."))).toEqual({
      name: "NotAuthorizedException",
      message: "Invalid login token. Token signature invalid.",
      status: 400,
    });
    expect((await refused("no token")).message).toBe("Invalid login token. Not a valid OpenId Connect identity token.");
  });

  it("that has expired is refused", async () => {
    const { token } = await issuer.tokenFor("ada", { expiresInSeconds: -10 });
    expect((await refused(token)).message).toMatch(/^Invalid login token. Token expired: \d+ >= \d+$/);
  });

  it("of another provider or for another app is refused", async () => {
    const { token } = await untrusted.tokenFor("ada");
    expect((await refused(token, untrusted.loginsKey)).message).toBe(
      "Token is not from a supported provider of this identity pool.",
    );
    expect((await refused(token)).name).toBe("NotAuthorizedException");
    expect((await refused((await other.tokenFor("ada")).token)).name).toBe("NotAuthorizedException");
    const app = await startTokenIssuer({ audience: "another-app" });
    const pool = { providers: { [app.loginsKey]: { issuer: app.issuer, audience: "holdfast-app" } } };
    const strict = await startEmulator({ pool });
    expect(await refusalOf(idOf(strict, await loginOf("ada", app)))).toMatchObject({
      name: "NotAuthorizedException",
      message: "Invalid login token. Incorrect token audience.",
    });
    await Promise.all([strict.close(), app.close()]);
  });

  it("whose provider can't be reached is no fault of the token's", async () => {
    const gone = await startTokenIssuer();
    const { token } = await gone.tokenFor("ada");
    const strict = await startEmulator({ pool: { providers: { [gone.loginsKey]: providerOf(gone) } } });
    await gone.close();
    expect(await refusalOf(idOf(strict, { [gone.loginsKey]: token }))).toMatchObject({
      name: "ExternalServiceException",
    });
    await strict.close();
  });
});

describe("the other actions", () => {
  it("DescribeIdentity names the logins", async () => {
    const identityId = await idOf(emulator, await loginOf(newUser()));
    expect(await cognitoOf(emulator).send(new DescribeIdentityCommand({ IdentityId: identityId }))).toMatchObject({
      IdentityId: identityId,
      Logins: [issuer.loginsKey],
      CreationDate: expect.any(Date),
    });
  });

  it("GetOpenIdToken gives a token for ten minutes, in the classic flow only", async () => {
    const identityId = await idOf(emulator);
    const { Token } = await cognitoOf(emulator).send(new GetOpenIdTokenCommand({ IdentityId: identityId }));
    const { sub, aud, iat = 0, exp } = decodeJwt(Token ?? "");
    expect({ sub, aud, exp }).toEqual({ sub: identityId, aud: emulator.identityPoolId, exp: iat + 600 });

    const enhanced = await startEmulator();
    const guest = await idOf(enhanced);
    const refusal = refusalOf(cognitoOf(enhanced).send(new GetOpenIdTokenCommand({ IdentityId: guest })));
    expect(await refusal).toMatchObject({
      name: "InvalidParameterException",
      message: "Basic (classic) flow is not enabled, please use enhanced flow.",
    });
    await enhanced.close();
  });

  it("CustomRoleArn chooses among the pool's custom roles", async () => {
    const login = await loginOf(newUser());
    const identityId = await idOf(emulator, login);
    const send = (CustomRoleArn: string) =>
      cognitoOf(emulator).send(
        new GetCredentialsForIdentityCommand({ IdentityId: identityId, Logins: login, CustomRoleArn }),
      );
    expect((await send(customRole)).IdentityId).toBe(identityId);
    expect(await refusalOf(send(`${customRole}-not`))).toMatchObject({ name: "NotAuthorizedException" });
  });

  it("refuses ids of no identity and of no pool, and actions that it does not have", async () => {
    const unknown = "us-east-1:00000000-0000-4000-8000-000000000000";
    expect(await refusalOf(keysOf(emulator, unknown))).toEqual({
      name: "ResourceNotFoundException",
      message: `Identity '${unknown}' not found.`,
      status: 400,
    });
    const getId = (pool: string) => cognitoOf(emulator).send(new GetIdCommand({ IdentityPoolId: pool }));
    expect(await refusalOf(getId(unknown))).toMatchObject({
      name: "ResourceNotFoundException",
      message: `IdentityPool '${unknown}' not found.`,
    });
    expect(await refusalOf(getId("nothing"))).toMatchObject({ name: "ValidationException" });
    const list = new ListIdentitiesCommand({ IdentityPoolId: emulator.identityPoolId, MaxResults: 1 });
    expect(await refusalOf(cognitoOf(emulator).send(list))).toMatchObject({ name: "UnknownOperationException" });
  });
});
