// Looks into the cloud's table behind the emulator: what is really there, whoever says what.
import type { Emulator } from "@holdfast/emulator";

type Item = Readonly<Record<string, unknown>>;

export interface CloudDataset {
  /** null: nothing was ever committed. */
  readonly head: Item | null;
  /** By key, tombstones too. */
  readonly records: ReadonlyMap<string, Item>;
}

/** A dataset of the only identity that has one of this name. */
export async function readDataset(emulator: Emulator, dataset: string): Promise<CloudDataset> {
  const items = await allItems(emulator);
  const prefix = `record/${dataset}/`;
  const heads = items.filter(({ path }) => path === `head/${dataset}`);
  if (heads.length > 1) throw new Error(`Several identities have a dataset "${dataset}".`);
  const records = items.flatMap((item) =>
    typeof item["path"] === "string" && item["path"].startsWith(prefix)
      ? [[item["path"].slice(prefix.length), item] as const]
      : [],
  );
  return { head: heads[0] ?? null, records: new Map(records) };
}

async function allItems({ engineEndpoint, tableName }: Emulator): Promise<readonly Item[]> {
  const items: Item[] = [];
  let from: unknown;
  do {
    const page = await ask(engineEndpoint, "Scan", {
      TableName: tableName,
      ConsistentRead: true,
      ...(from !== undefined && { ExclusiveStartKey: from }),
    });
    const found = page["Items"];
    if (!Array.isArray(found)) throw new TypeError("A scan answered without items.");
    items.push(...found.map((item) => attributesToJson(asFields(item))));
    from = page["LastEvaluatedKey"];
  } while (from !== undefined);
  return items;
}

/** Engines for development look at the form of a signature alone. */
async function ask(endpoint: string, action: string, input: object): Promise<Item> {
  const date = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `DynamoDB_20120810.${action}`,
      "x-amz-date": date,
      authorization:
        `AWS4-HMAC-SHA256 Credential=holdfast/${date.slice(0, 8)}/us-east-1/dynamodb/aws4_request, ` +
        "SignedHeaders=host, Signature=0",
    },
    body: JSON.stringify(input),
  });
  if (!response.ok) throw new Error(`${action} was answered with ${response.status}: ${await response.text()}`);
  return asFields(await response.json());
}

const attributesToJson = (attributes: Item): Item =>
  Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, attributeToJson(value)]));

function attributeToJson(attribute: unknown): unknown {
  const [entry] = Object.entries(asFields(attribute));
  const [type, value] = entry ?? [];
  if (type === "N") return Number(value);
  if (type === "NULL") return null;
  if (type === "M") return attributesToJson(asFields(value));
  if (type === "L" && Array.isArray(value)) return value.map(attributeToJson);
  return value;
}

function asFields(value: unknown): Item {
  if (typeof value !== "object" || value === null) throw new TypeError("The engine's answer has another shape.");
  return Object.fromEntries(Object.entries(value));
}
