// Who signed a request: the checks that AWS makes before it looks at what is asked.
import type { CloudClock } from "../clock.ts";
import type { IdentityStore, IssuedCredentials } from "../cognito/identity-store.ts";
import { AwsError } from "../http/answer.ts";
import type { ServiceRequest } from "../http/service-request.ts";
import { expectedSignature, incomplete, invalidSignature, parseSignatureHeader } from "./signature.ts";

export interface AuthenticateOptions {
  readonly region: string;
  readonly store: IdentityStore;
  readonly clock: CloudClock;
}

const skewMsMax = 5 * 60 * 1000;

/** Throws an AwsError. */
export function authenticate(
  request: ServiceRequest,
  { region, store, clock }: AuthenticateOptions,
): IssuedCredentials {
  const header = parseSignatureHeader(request.headers["authorization"]);
  if (header.service !== "dynamodb") {
    throw invalidSignature("Credential should be scoped to correct service: 'dynamodb'. ");
  }
  if (header.region !== region) throw invalidSignature("Credential should be scoped to a valid region. ");
  const now = clock.now();
  checkTime({ signedAt: request.headers["x-amz-date"], scopeDate: header.date, now });
  const credentials = store.credentialsOf(header.accessKeyId);
  if (credentials === undefined || request.headers["x-amz-security-token"] !== credentials.sessionToken) {
    throw new AwsError(
      "com.amazon.coral.service#UnrecognizedClientException",
      "The security token included in the request is invalid.",
    );
  }
  if (expectedSignature(request, header, credentials.secretAccessKey) !== header.signature) {
    throw invalidSignature(
      "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access " +
        "Key and signing method. Consult the service documentation for details.",
    );
  }
  if (credentials.expiration <= now) {
    throw new AwsError(
      "com.amazon.coral.service#ExpiredTokenException",
      "The security token included in the request is expired",
    );
  }
  return credentials;
}

interface SignedTime {
  readonly signedAt: string | undefined;
  readonly scopeDate: string;
  readonly now: number;
}

function checkTime({ signedAt = "", scopeDate, now }: SignedTime): void {
  const time = parseCompact(signedAt);
  if (time === null) {
    throw incomplete(
      `Date must be in ISO-8601 'basic format'. Got '${signedAt}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  if (!signedAt.startsWith(scopeDate)) {
    throw invalidSignature(
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
        `'${scopeDate}' != '${signedAt.slice(0, 8)}', from '${signedAt}'.`,
    );
  }
  if (time < now - skewMsMax) {
    throw invalidSignature(
      `Signature expired: ${signedAt} is now earlier than ${compact(now - skewMsMax)} (${compact(now)} - 5 min.)`,
    );
  }
  if (time > now + skewMsMax) {
    throw invalidSignature(
      `Signature not yet current: ${signedAt} is still later than ${compact(now + skewMsMax)} ` +
        `(${compact(now)} + 5 min.)`,
    );
  }
}

/** yyyymmddThhmmssZ */
const compact = (time: number): string => new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, "");

function parseCompact(text: string): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}
