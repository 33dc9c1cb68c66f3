// A small OIDC provider for development: it signs in whoever asks, without any password.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage } from "node:http";
import { join } from "node:path";
import { calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT, type CryptoKey, type JWK } from "jose";
import { EmulatorError } from "./emulator-error.ts";
import { corsHeaders, preflightHeaders } from "./http/cors.ts";
import { checkPort, closeServer, listenOnLoopback } from "./http/loopback.ts";
import { readBody } from "./http/read-body.ts";
import { isObject, parseJson, textAt } from "./json.ts";

export interface TokenIssuerOptions {
  /** On 127.0.0.1. Default 0: a free one. The issuer's name has it inside: keep it if logins are to be known again. */
  readonly port?: number;
  /** The app's client id. Default "holdfast-app". */
  readonly audience?: string;
  /** Who may sign in. Default: any name of a-z, 0-9 and "-". */
  readonly users?: readonly string[];
  /** Where the key is kept, so that tokens outlive a restart. Without it each start makes a new one. */
  readonly dataDir?: string;
}

export interface IssuedToken {
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

export interface TokenIssuer {
  readonly url: string;
  readonly issuer: string;
  readonly audience: string;
  /** The key in a logins map: the issuer without its scheme. */
  readonly loginsKey: string;
  /** Default one hour; negative: a token that has expired already. Rejects for a user that is none. */
  tokenFor(user: string, options?: { readonly expiresInSeconds?: number }): Promise<IssuedToken>;
  close(): Promise<void>;
}

interface SigningKey {
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

// Cognito takes RS256 tokens.
const algorithm = "RS256";

/** Rejects with an EmulatorError. */
export async function startTokenIssuer(options: TokenIssuerOptions = {}): Promise<TokenIssuer> {
  const { port = 0, audience = "holdfast-app", users, dataDir } = options;
  checkPort(port);
  const key = await signingKey(dataDir);
  const isUser = (name: string): boolean => users?.includes(name) ?? /^[a-z0-9-]{1,64}$/.test(name);
  const tokenFor: TokenIssuer["tokenFor"] = async (user, { expiresInSeconds = 3600 } = {}) => {
    if (!isUser(user)) {
      throw new EmulatorError("invalid-option", `"${user}" is no test user: a name is 1 to 64 of a-z, 0-9 and "-".`);
    }
    const now = Math.floor(Date.now() / 1000);
    const token = await new SignJWT({ name: user })
      .setProtectedHeader({ alg: algorithm, kid: key.publicJwk.kid ?? "" })
      .setIssuer(url)
      .setAudience(audience)
      .setSubject(user)
      .setIssuedAt(Math.min(now, now + expiresInSeconds))
      .setExpirationTime(now + expiresInSeconds)
      .sign(key.privateKey);
    return { token, expiresAt: (now + expiresInSeconds) * 1000 };
  };
  const server = createServer((message, response) => {
    answer(message, { url, keys: [key.publicJwk], tokenFor }).then(
      ([status, body]) => {
        const headers = message.method === "OPTIONS" ? preflight(message) : corsHeaders(message.headers.origin);
        response.writeHead(status, { ...headers, "content-type": "application/json" }).end(JSON.stringify(body));
      },
      () => response.destroy(),
    );
  });
  const url = await listenOnLoopback(server, port);
  return {
    url,
    issuer: url,
    audience,
    loginsKey: url.replace(/^https?:\/\//, ""),
    tokenFor,
    close: () => closeServer(server),
  };
}

const preflight = ({ headers }: IncomingMessage): Record<string, string> =>
  preflightHeaders(headers["access-control-request-headers"], "GET,POST");

interface Site {
  readonly url: string;
  readonly keys: readonly JWK[];
  readonly tokenFor: TokenIssuer["tokenFor"];
}

async function answer(message: IncomingMessage, { url, keys, tokenFor }: Site): Promise<[number, object]> {
  switch (`${message.method} ${message.url}`) {
    case "GET /.well-known/openid-configuration":
      return [
        200,
        {
          issuer: url,
          jwks_uri: `${url}/jwks.json`,
          token_endpoint: `${url}/token`,
          response_types_supported: ["id_token"],
          subject_types_supported: ["public"],
          id_token_signing_alg_values_supported: [algorithm],
        },
      ];
    case "GET /jwks.json":
      return [200, { keys }];
    case "POST /token": {
      const input = parseJson((await readBody(message))?.toString() ?? "");
      const user = isObject(input) ? textAt(input, "user") : undefined;
      try {
        return [200, await tokenFor(user ?? "")];
      } catch (error) {
        if (error instanceof EmulatorError) return [400, { message: error.message }];
        throw error;
      }
    }
    default:
      return message.method === "OPTIONS" ? [200, {}] : [404, { message: "There is no such page." }];
  }
}

async function signingKey(dataDir: string | undefined): Promise<SigningKey> {
  if (dataDir === undefined) return newKey(null);
  mkdirSync(dataDir, { recursive: true });
  const path = join(dataDir, "issuer-key.json");
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return newKey(path);
  }
  return importKey(parseJson(text), path);
}

async function newKey(path: string | null): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(privateKey);
  if (path !== null) {
    writeFileSync(`${path}.new`, JSON.stringify(jwk), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  }
  return { privateKey, publicJwk: await publicPart(jwk) };
}

async function importKey(jwk: unknown, path: string): Promise<SigningKey> {
  try {
    if (!isObject(jwk)) throw new Error("it is no JSON object");
    const privateKey = await importJWK({ ...jwk }, algorithm);
    if (privateKey instanceof Uint8Array) throw new Error("it is a secret");
    return { privateKey, publicJwk: await publicPart({ ...jwk }) };
  } catch (error) {
    throw new EmulatorError("data-dir-unreadable", `${path} can't be read as a key. Delete it.`, { cause: error });
  }
}

async function publicPart({ kty, n, e }: JWK): Promise<JWK> {
  if (kty === undefined || n === undefined || e === undefined) throw new Error("it is no RSA key");
  const jwk = { kty, n, e };
  return { ...jwk, kid: await calculateJwkThumbprint(jwk), alg: algorithm, use: "sig" };
}
