import type { IncomingMessage } from "node:http";

/** DynamoDB's largest request. */
const bodyBytesMax = 16 * 1024 * 1024;

/** null: it is larger than any request may be. */
export async function readBody(message: IncomingMessage): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of message) {
    bytes += chunk.length;
    if (bytes <= bodyBytesMax) chunks.push(chunk);
  }
  return bytes <= bodyBytesMax ? Buffer.concat(chunks) : null;
}
