// An answer of an emulated service, and the errors that AWS's JSON protocols know.
import { randomUUID } from "node:crypto";
import { crc32 } from "node:zlib";

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
}

/** An error as the service sends it. */
export class AwsError extends Error {
  override readonly name = "AwsError";
  /** `__type`, with its namespace where the service sends one. */
  readonly type: string;
  readonly status: number;
  /** What the body has beside the type and the message. */
  readonly more: Readonly<Record<string, unknown>>;
  /** Some services write `message`, others `Message`. */
  readonly messageName: "message" | "Message";

  constructor(
    type: string,
    message: string,
    options: {
      readonly status?: number;
      readonly more?: Readonly<Record<string, unknown>>;
      readonly messageName?: "message" | "Message";
    } = {},
  ) {
    super(message);
    this.type = type;
    this.status = options.status ?? 400;
    this.more = options.more ?? {};
    this.messageName = options.messageName ?? "message";
  }
}

export type JsonProtocol = "1.0" | "1.1";

export function jsonAnswer(protocol: JsonProtocol, status: number, body: unknown): Answer {
  const text = JSON.stringify(body);
  return {
    status,
    headers: {
      "content-type": `application/x-amz-json-${protocol}`,
      "x-amzn-requestid": randomUUID(),
      // DynamoDB's protocol alone has it.
      ...(protocol === "1.0" ? { "x-amz-crc32": String(crc32(text)) } : {}),
    },
    body: text,
  };
}

export function errorAnswer(protocol: JsonProtocol, error: AwsError): Answer {
  // SerializationException comes without any message.
  const message = error.message === "" ? {} : { [error.messageName]: error.message };
  return jsonAnswer(protocol, error.status, { __type: error.type, ...error.more, ...message });
}
