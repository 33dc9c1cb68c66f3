// Signature Version 4, computed again from the request as it came over the wire.
import { createHash, createHmac } from "node:crypto";
import { AwsError } from "../http/answer.ts";
import type { ServiceRequest } from "../http/service-request.ts";

/** What the Authorization header says. */
export interface SignatureHeader {
  readonly accessKeyId: string;
  /** yyyymmdd */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const algorithm = "AWS4-HMAC-SHA256";

/** Headers that say what is asked, of whom and when: unsigned, anyone could change them. */
const mustBeSigned = ["host", "x-amz-date", "x-amz-target"];

export function parseSignatureHeader(authorization: string | undefined): SignatureHeader {
  if (authorization === undefined) {
    throw new AwsError(
      "com.amazon.coral.service#MissingAuthenticationTokenException",
      "Request is missing Authentication Token",
    );
  }
  const [scheme = "", ...rest] = authorization.split(" ");
  if (scheme !== algorithm) throw incomplete(`Unsupported AWS 'algorithm': '${scheme}'.`);
  const fields = new Map(
    rest
      .join(" ")
      .split(",")
      .map((field) => field.trim().split("=", 2))
      .map(([name = "", value = ""]) => [name, value]),
  );
  const missing = ["Credential", "Signature", "SignedHeaders"].filter((name) => !fields.get(name));
  if (missing.length > 0) {
    throw incomplete(missing.map((name) => `Authorization header requires '${name}' parameter.`).join(" "));
  }
  const credential = fields.get("Credential") ?? "";
  const [accessKeyId, date, region, service, end, ...more] = credential.split("/");
  if (!accessKeyId || !date || !region || !service || end !== "aws4_request" || more.length > 0) {
    throw incomplete(
      "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, " +
        `got '${credential}'`,
    );
  }
  const signedHeaders = (fields.get("SignedHeaders") ?? "").split(";");
  for (const name of mustBeSigned) {
    if (!signedHeaders.includes(name)) {
      throw invalidSignature(`'${name}' must be a 'SignedHeader' in the AWS Authorization.`);
    }
  }
  return { accessKeyId, date, region, service, signedHeaders, signature: fields.get("Signature") ?? "" };
}

/** The signature that this request must have. */
export function expectedSignature(request: ServiceRequest, header: SignatureHeader, secretAccessKey: string): string {
  const { date, region, service } = header;
  const scope = `${date}/${region}/${service}/aws4_request`;
  const toSign = [algorithm, request.headers["x-amz-date"] ?? "", scope, sha256(canonicalRequest(request, header))];
  const key = [date, region, service, "aws4_request"].reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`);
  return hmac(key, toSign.join("\n")).toString("hex");
}

export const invalidSignature = (message: string): AwsError =>
  new AwsError("com.amazon.coral.service#InvalidSignatureException", message);

export const incomplete = (message: string): AwsError =>
  new AwsError("com.amazon.coral.service#IncompleteSignatureException", message);

function canonicalRequest({ method, path, query, headers, body }: ServiceRequest, header: SignatureHeader): string {
  const { signedHeaders } = header;
  return [
    method,
    path,
    canonicalQuery(query),
    ...signedHeaders.map((name) => `${name}:${(headers[name] ?? "").trim().replaceAll(/ +/g, " ")}`),
    "",
    signedHeaders.join(";"),
    sha256(body),
  ].join("\n");
}

const canonicalQuery = (query: string): string =>
  query
    .split("&")
    .filter((pair) => pair !== "")
    .map((pair) => (pair.includes("=") ? pair : `${pair}=`))
    .toSorted()
    .join("&");

const sha256 = (data: string | Buffer): string => createHash("sha256").update(data).digest("hex");

const hmac = (key: string | Buffer, text: string): Buffer => createHmac("sha256", key).update(text).digest();
