import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DeleteItemCommand,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  changesOf,
  dynamoOf,
  guestOf,
  itemOf,
  keyOf,
  putOf,
  refusalOf,
  transactionOf,
  type Item,
  type Keys,
} from "../../test/clients.ts";
import { startEmulator, type Emulator } from "../index.ts";

const TableName = "holdfast";
const table = "arn:aws:dynamodb:us-east-1:123456789012:table/holdfast";

let emulator: Emulator;
let mine: Keys;
let theirs: Keys;
let client: DynamoDBClient;

beforeAll(async () => {
  emulator = await startEmulator();
  [mine, theirs] = await Promise.all([guestOf(emulator), guestOf(emulator)]);
  client = dynamoOf(emulator, mine);
});

afterAll(() => emulator.close());

const denied = (action: string, resource = table) => ({
  name: "AccessDeniedException",
  message:
    "User: arn:aws:sts::123456789012:assumed-role/holdfast-guest/CognitoIdentityCredentials is not authorized to " +
    `perform: dynamodb:${action} on resource: ${resource} because no identity-based policy allows the ` +
    `dynamodb:${action} action`,
  status: 400,
});

describe("an identity's own items", () => {
  it("are written in transactions and read by index and by key", async () => {
    const item = itemOf(mine.identityId, "own", { value: { S: "ä" } });
    const written = await client.send(transactionOf(putOf(item)));
    expect(written.$metadata.requestId).toMatch(/./);
    const { Items, ConsumedCapacity } = await client.send(changesOf(mine.identityId));
    expect(Items).toContainEqual(item);
    expect(ConsumedCapacity?.CapacityUnits).toBeGreaterThan(0);
    const key = keyOf(mine.identityId, "own");
    expect((await client.send(new GetItemCommand({ TableName, Key: key }))).Item).toEqual(item);
    const got = await client.send(new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key: key } }] }));
    expect(got.Responses?.[0]?.Item).toEqual(item);
    await client.send(new DeleteItemCommand({ TableName, Key: key }));
    expect((await client.send(new GetItemCommand({ TableName, Key: key }))).Item).toBeUndefined();
  });

  it("answer conditions as the engine does", async () => {
    const item = itemOf(mine.identityId, "conditional");
    await client.send(transactionOf(putOf(item)));
    const again = transactionOf({
      Put: {
        TableName,
        Item: item,
        ConditionExpression: "attribute_not_exists(#p)",
        ExpressionAttributeNames: { "#p": "path" },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      },
    });
    await expect(client.send(again)).rejects.toMatchObject({
      name: "TransactionCanceledException",
      CancellationReasons: [{ Code: "ConditionalCheckFailed", Item: item }],
    });
  });
});

describe("the policy", () => {
  it("denies another identity's items, whatever is asked", async () => {
    const Key = keyOf(theirs.identityId, "a");
    const Item = itemOf(theirs.identityId, "a");
    const condition = { ConditionExpression: "attribute_exists(#p)", ExpressionAttributeNames: { "#p": "path" } };
    const set = { UpdateExpression: "SET a = :a", ExpressionAttributeValues: { ":a": { S: "a" } } };
    const asked = [
      [client.send(new GetItemCommand({ TableName, Key })), "GetItem"],
      [client.send(new DeleteItemCommand({ TableName, Key })), "DeleteItem"],
      [client.send(transactionOf(putOf(Item))), "PutItem"],
      [client.send(transactionOf({ Update: { TableName, Key, ...set } })), "UpdateItem"],
      [client.send(transactionOf({ Delete: { TableName, Key } })), "DeleteItem"],
      [client.send(transactionOf({ ConditionCheck: { TableName, Key, ...condition } })), "ConditionCheckItem"],
      [client.send(transactionOf(putOf(itemOf(mine.identityId, "a")), putOf(Item))), "PutItem"],
      [client.send(new TransactGetItemsCommand({ TransactItems: [{ Get: { TableName, Key } }] })), "GetItem"],
    ] as const;
    for (const [promise, action] of asked) expect(await refusalOf(promise)).toEqual(denied(action));
    const query = await refusalOf(client.send(changesOf(theirs.identityId)));
    expect(query).toEqual(denied("Query", `${table}/index/changes`));
    expect((await client.send(changesOf(mine.identityId))).Items).not.toContainEqual(itemOf(mine.identityId, "a"));
  });

  it("denies a query that does not name the identity by equality", async () => {
    const query = (KeyConditionExpression: string) =>
      client.send(
        new QueryCommand({
          TableName,
          KeyConditionExpression,
          ExpressionAttributeNames: { "#i": "identity" },
          ExpressionAttributeValues: { ":i": { S: mine.identityId } },
        }),
      );
    expect((await query("#i=:i")).Items).toBeDefined();
    expect(await refusalOf(query("#i >= :i"))).toEqual(denied("Query"));
    const legacy = new QueryCommand({
      TableName,
      KeyConditions: { identity: { ComparisonOperator: "EQ", AttributeValueList: [{ S: mine.identityId }] } },
    });
    expect(await refusalOf(client.send(legacy))).toEqual(denied("Query"));
  });

  it("denies writes outside a transaction, Scan, batches and the table's administration", async () => {
    const Key = keyOf(mine.identityId, "a");
    const Item = itemOf(mine.identityId, "a");
    expect(await refusalOf(client.send(new PutItemCommand({ TableName, Item })))).toEqual(denied("PutItem"));
    expect(await refusalOf(client.send(new UpdateItemCommand({ TableName, Key })))).toEqual(denied("UpdateItem"));
    expect(await refusalOf(client.send(new ScanCommand({ TableName })))).toEqual(denied("Scan"));
    const write = new BatchWriteItemCommand({ RequestItems: { holdfast: [{ PutRequest: { Item } }] } });
    expect(await refusalOf(client.send(write))).toEqual(denied("BatchWriteItem"));
    const read = new BatchGetItemCommand({ RequestItems: { holdfast: { Keys: [Key] } } });
    expect(await refusalOf(client.send(read))).toEqual(denied("BatchGetItem"));
    expect(await refusalOf(client.send(new ListTablesCommand({})))).toMatchObject({ name: "AccessDeniedException" });
  });

  it("denies other tables and indexes", async () => {
    const get = new GetItemCommand({ TableName: "other", Key: keyOf(mine.identityId, "a") });
    expect(await refusalOf(client.send(get))).toEqual(denied("GetItem", table.replace("holdfast", "other")));
    const { input } = changesOf(mine.identityId);
    const query = new QueryCommand({ ...input, IndexName: "none" });
    expect(await refusalOf(client.send(query))).toEqual(denied("Query", `${table}/index/none`));
  });
});

describe("the size limit", () => {
  // The item's other names and values take 7 + 1 + 3 bytes beside the two keys.
  const itemOfSize = (size: number): Item => {
    const item = itemOf(mine.identityId, "large", { value: { S: "" } });
    const others = Object.entries(item).reduce((sum, [name, { S = "" }]) => sum + name.length + S.length, 0);
    return { ...item, value: { S: "x".repeat(size - others) } };
  };
  const reasons = (Message: string) => ({
    name: "TransactionCanceledException",
    message: "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ValidationError]",
    CancellationReasons: [{ Code: "None" }, { Code: "ValidationError", Message }],
  });
  const small = () => putOf(itemOf(mine.identityId, "small"));

  it("counts an item twice, for its entry in the index", async () => {
    await client.send(transactionOf(small(), putOf(itemOfSize(204_800))));
    await expect(client.send(transactionOf(small(), putOf(itemOfSize(204_801))))).rejects.toMatchObject(
      reasons("Item size has exceeded the maximum allowed size"),
    );
  });

  it("counts an item once that is not in the index", async () => {
    const { change: _, ...item } = itemOfSize(300_000);
    await client.send(transactionOf(putOf(item)));
  });

  it("counts what an update makes of an item", async () => {
    await client.send(transactionOf(putOf({ ...itemOf(mine.identityId, "grown"), a: { S: "x".repeat(100_000) } })));
    const grow = (length: number) =>
      client.send(
        transactionOf(small(), {
          Update: {
            TableName,
            Key: keyOf(mine.identityId, "grown"),
            UpdateExpression: "SET #b = :b",
            ExpressionAttributeNames: { "#b": "b" },
            ExpressionAttributeValues: { ":b": { S: "y".repeat(length) } },
          },
        }),
      );
    await grow(90_000);
    await expect(grow(110_000)).rejects.toMatchObject(
      reasons("Item size to update has exceeded the maximum allowed size"),
    );
  });
});
