// The identity pool's memory: identities with their logins, and the credentials given out. With a file it is written
// whole before any answer leaves, so that a restart goes on with the same identities and the credentials stay valid.
import { randomBytes, randomUUID } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { EmulatorError } from "../emulator-error.ts";
import { isObject, parseJson } from "../json.ts";

export interface Login {
  /** The key in a logins map. */
  readonly provider: string;
  readonly subject: string;
}

export interface Identity {
  readonly identityId: string;
  /** Disabled: merged into another. */
  disabled: boolean;
  logins: readonly Login[];
  readonly createdAt: number;
  modifiedAt: number;
}

export interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly identityId: string;
  readonly roleArn: string;
  /** Milliseconds since 1970. */
  expiration: number;
}

interface State {
  readonly format: 1;
  readonly identityPoolId: string;
  readonly identities: readonly Identity[];
  readonly credentials: readonly IssuedCredentials[];
}

/** Milliseconds that expired credentials stay known, to be called expired rather than unknown. */
const expiredMsMax = 24 * 3600 * 1000;

export class IdentityStore {
  readonly #identityPoolId: string;
  readonly #path: string | null;
  readonly #identities = new Map<string, Identity>();
  readonly #credentials = new Map<string, IssuedCredentials>();

  /** `path` null: in memory. */
  constructor(identityPoolId: string, path: string | null) {
    this.#identityPoolId = identityPoolId;
    this.#path = path;
    const state = path === null ? null : read(path);
    if (state === null) return;
    if (state.identityPoolId !== identityPoolId) {
      throw new EmulatorError(
        "invalid-option",
        `The data in ${path} belongs to the identity pool ${state.identityPoolId}, not ${identityPoolId}. ` +
          "Start with that pool id, or with another data directory.",
      );
    }
    for (const identity of state.identities) this.#identities.set(identity.identityId, identity);
    for (const credentials of state.credentials) this.#credentials.set(credentials.accessKeyId, credentials);
  }

  find(identityId: string): Identity | undefined {
    return this.#identities.get(identityId);
  }

  ownerOf(login: Login): Identity | undefined {
    return [...this.#identities.values()].find(({ logins }) => logins.some((other) => isSameLogin(other, login)));
  }

  create(region: string, now: number): Identity {
    const identityId = `${region}:${randomUUID()}`;
    const identity = { identityId, disabled: false, logins: [], createdAt: now, modifiedAt: now };
    this.#identities.set(identityId, identity);
    return identity;
  }

  issue(options: { identityId: string; roleArn: string; expiration: number; now: number }): IssuedCredentials {
    for (const { accessKeyId, expiration } of this.#credentials.values()) {
      if (expiration < options.now - expiredMsMax) this.#credentials.delete(accessKeyId);
    }
    const credentials = {
      accessKeyId: `ASIA${randomText(16)}`,
      secretAccessKey: randomBytes(30).toString("base64"),
      sessionToken: randomBytes(192).toString("base64"),
      identityId: options.identityId,
      roleArn: options.roleArn,
      expiration: options.expiration,
    };
    this.#credentials.set(credentials.accessKeyId, credentials);
    return credentials;
  }

  credentialsOf(accessKeyId: string): IssuedCredentials | undefined {
    return this.#credentials.get(accessKeyId);
  }

  expireAll(now: number): void {
    for (const credentials of this.#credentials.values()) {
      credentials.expiration = Math.min(credentials.expiration, now);
    }
    this.save();
  }

  save(): void {
    if (this.#path === null) return;
    const state: State = {
      format: 1,
      identityPoolId: this.#identityPoolId,
      identities: [...this.#identities.values()],
      credentials: [...this.#credentials.values()],
    };
    // Renaming is atomic: a crash leaves the old file or the new one.
    writeFileSync(`${this.#path}.new`, JSON.stringify(state), { mode: 0o600 });
    renameSync(`${this.#path}.new`, this.#path);
  }
}

export const isSameLogin = (one: Login, other: Login): boolean =>
  one.provider === other.provider && one.subject === other.subject;

/** null: there is none yet. */
function read(path: string): State | null {
  let text;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw unreadable(path, error);
  }
  const state = parseJson(text);
  if (!isState(state)) throw unreadable(path, undefined);
  return state;
}

// The file is the emulator's own; its format number stands for the rest.
const isState = (input: unknown): input is State =>
  isObject(input) &&
  input["format"] === 1 &&
  Array.isArray(input["identities"]) &&
  Array.isArray(input["credentials"]) &&
  typeof input["identityPoolId"] === "string";

const unreadable = (path: string, cause: unknown): EmulatorError =>
  new EmulatorError("data-dir-unreadable", `${path} can't be read as the emulator's identities. Delete or repair it.`, {
    cause,
  });

function randomText(length: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  return [...randomBytes(length)].map((byte) => letters[byte % letters.length]).join("");
}
