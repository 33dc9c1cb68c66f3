// The way to the DynamoDB engine. What goes there and comes back stays as it is, byte for byte.
import { Agent, request as httpRequest, type IncomingMessage } from "node:http";
import { EmulatorError } from "../emulator-error.ts";
import type { Answer } from "../http/answer.ts";
import { isObject, parseJson, textAt, type JsonObject } from "../json.ts";
import { tableDefinition, timeToLive } from "./table.ts";

const passedHeaders = ["content-type", "x-amzn-requestid", "x-amz-crc32"];

/** Milliseconds that an idle connection is kept: shorter than any engine keeps it, so that none breaks in use. */
const idleMsMax = 4000;

export class Engine {
  readonly #endpoint: URL;
  readonly #region: string;
  readonly #agent = new Agent({ keepAlive: true, timeout: idleMsMax });

  constructor(endpoint: string, region: string) {
    this.#endpoint = new URL(endpoint);
    this.#region = region;
  }

  /** Rejects with an EmulatorError when there is no whole answer. */
  async forward(action: string, body: Buffer | string): Promise<Answer> {
    try {
      return await this.#exchange(action, body);
    } catch (error) {
      throw new EmulatorError(
        "engine-failed",
        `The DynamoDB engine at ${this.#endpoint.origin} does not answer. Start it, or check the endpoint.`,
        { cause: error },
      );
    }
  }

  /** Creates the table where there is none. */
  async ensureTable(tableName: string): Promise<void> {
    if ((await this.#ask("DescribeTable", { TableName: tableName })).ok) return;
    for (const [action, input] of [
      ["CreateTable", tableDefinition(tableName)],
      ["UpdateTimeToLive", timeToLive(tableName)],
    ] as const) {
      const { ok, body } = await this.#ask(action, input);
      if (!ok) {
        throw new EmulatorError(
          "engine-failed",
          `The DynamoDB engine at ${this.#endpoint.origin} refuses ${action}: ${JSON.stringify(body)}. ` +
            "Is it a DynamoDB endpoint for development?",
        );
      }
    }
  }

  async readItem(tableName: string, key: JsonObject): Promise<JsonObject | null> {
    const { body } = await this.#ask("GetItem", { TableName: tableName, Key: key, ConsistentRead: true });
    const item = isObject(body) ? body["Item"] : undefined;
    return isObject(item) ? item : null;
  }

  close(): void {
    this.#agent.destroy();
  }

  async #exchange(action: string, body: Buffer | string): Promise<Answer> {
    const response = await this.#send(action, body);
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk);
    const headers = Object.fromEntries(
      passedHeaders.flatMap((name) => {
        const value = response.headers[name];
        return typeof value === "string" ? [[name, value]] : [];
      }),
    );
    return { status: response.statusCode ?? 500, headers, body: Buffer.concat(chunks) };
  }

  async #ask(action: string, input: object): Promise<{ readonly ok: boolean; readonly body: unknown }> {
    const { status, body } = await this.forward(action, JSON.stringify(input));
    return { ok: status === 200, body: parseJson(body.toString()) };
  }

  #send(action: string, body: Buffer | string): Promise<IncomingMessage> {
    const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    return new Promise((resolve, reject) => {
      const request = httpRequest(
        this.#endpoint,
        {
          method: "POST",
          agent: this.#agent,
          headers: {
            "content-type": "application/x-amz-json-1.0",
            "content-length": Buffer.byteLength(body),
            "x-amz-target": `DynamoDB_20120810.${action}`,
            "x-amz-date": date,
            // Engines for development look at the form alone. DynamoDB Local keeps a database for each key id and
            // region.
            authorization:
              `AWS4-HMAC-SHA256 Credential=holdfast/${date.slice(0, 8)}/${this.#region}/dynamodb/aws4_request, ` +
              "SignedHeaders=host, Signature=0",
          },
        },
        resolve,
      );
      request.on("error", reject);
      request.end(body);
    });
  }
}

/** Whether a request asks for the capacity that it takes. */
export const asksForCapacity = (request: JsonObject): boolean => {
  const asked = textAt(request, "ReturnConsumedCapacity");
  return asked === "TOTAL" || asked === "INDEXES";
};
