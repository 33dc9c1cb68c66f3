// Refuses a transaction with an item that is too large together with its entry in the local index. Engines for
// development do not all check it; DynamoDB does.
import { AwsError } from "../http/answer.ts";
import { isObject, textAt, type JsonObject } from "../json.ts";
import { itemBytesMax, itemSize, storedSize } from "./item-size.ts";

/** Reads an item from the engine, strongly consistent; null: there is none. */
export type ReadItem = (tableName: string, key: JsonObject) => Promise<JsonObject | null>;

/** An Update whose own values are smaller than this is not checked, so that commits need no read of their head. */
const updateBytesMin = 4096;

export async function refuseLargeItems(request: JsonObject, requestBytes: number, readItem: ReadItem): Promise<void> {
  // The request as JSON is larger than any item in it.
  if (requestBytes < updateBytesMin) return;
  const items: unknown[] = Array.isArray(request["TransactItems"]) ? request["TransactItems"] : [];
  const reasons = await Promise.all(items.map((item) => reasonAgainst(item, readItem)));
  if (reasons.every((reason) => reason === null)) return;
  const codes = reasons.map((reason) => (reason === null ? "None" : "ValidationError"));
  throw new AwsError(
    "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
    `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes.join(", ")}]`,
    {
      messageName: "Message",
      more: {
        CancellationReasons: reasons.map((reason) =>
          reason === null ? { Code: "None" } : { Code: "ValidationError", Message: reason },
        ),
      },
    },
  );
}

async function reasonAgainst(item: unknown, readItem: ReadItem): Promise<string | null> {
  if (!isObject(item)) return null;
  const { Put: put, Update: update } = item;
  if (isObject(put) && isObject(put["Item"]) && storedSize(put["Item"]) > itemBytesMax) {
    return "Item size has exceeded the maximum allowed size";
  }
  if (isObject(update) && storedSize(await itemAfter(update, readItem)) > itemBytesMax) {
    return "Item size to update has exceeded the maximum allowed size";
  }
  return null;
}

/** The item as an Update leaves it; {} where that is small or not told by plain assignments. */
async function itemAfter(update: JsonObject, readItem: ReadItem): Promise<JsonObject> {
  const { Key: key, ExpressionAttributeValues: values, ExpressionAttributeNames: names } = update;
  const tableName = textAt(update, "TableName");
  if (!isObject(key) || !isObject(values) || tableName === undefined || itemSize(values) < updateBytesMin) return {};
  const assigned = plainAssignments(textAt(update, "UpdateExpression") ?? "");
  if (assigned === null) return {};
  const item: Record<string, unknown> = { ...key, ...(await readItem(tableName, key)) };
  for (const [name, value] of assigned) {
    const attribute = isObject(names) ? (textAt(names, name) ?? name) : name;
    item[attribute] = values[value];
  }
  return item;
}

/** `SET a = :a, #b = :b` as pairs; null: the expression says more than that. */
function plainAssignments(expression: string): readonly (readonly [string, string])[] | null {
  const list = /^\s*SET\s+(.*)$/is.exec(expression)?.[1];
  if (list === undefined) return null;
  const pairs = list.split(",").map((part) => /^\s*(#?\w+)\s*=\s*(:\w+)\s*$/.exec(part));
  return pairs.every((pair) => pair !== null) ? pairs.map(([, name = "", value = ""]) => [name, value]) : null;
}
