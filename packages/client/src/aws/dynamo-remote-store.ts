// RemoteStore over the one table of DESIGN 3: strongly consistent reads of one page each, and the commit.
import {
  ConditionalCheckFailedException,
  DeleteItemCommand,
  GetItemCommand,
  QueryCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  type AttributeValue,
  type ConsumedCapacity,
  type QueryCommandInput,
} from "@aws-sdk/client-dynamodb";
import {
  changesIndexName,
  changesSince,
  changesUpTo,
  commitRequest,
  headPath,
  headPrefix,
  itemToHead,
  itemToRecord,
  parsePath,
  readText,
  recordPrefix,
  rereadItem,
  sweptUpdate,
  SyncError,
  type DatasetName,
  type Head,
  type IdentityId,
  type JsonValue,
  type RemoteRecord,
  type SyncCount,
  type WireItem,
} from "@holdfast/core";
import type { CommitOutcome, Cost, DamagedItem, DatasetHead, Page, PageRequest, RemoteStore } from "../remote-store.ts";
import { awsErrorToSyncError, type Asked } from "./aws-error.ts";
import { commitOutcome } from "./commit-outcome.ts";
import type { Call, DynamoRequests, Send } from "./dynamo-requests.ts";

/** Deletions that are under way at the same time: a browser opens no more connections to one host anyway. */
const sweptTogether = 6;

export interface DynamoRemoteStoreOptions {
  readonly tableName: string;
  readonly region: string;
  readonly identity: IdentityId;
  readonly requests: DynamoRequests;
  readonly online: () => boolean;
}

export class DynamoRemoteStore implements RemoteStore {
  readonly #options: DynamoRemoteStoreOptions;

  constructor(options: DynamoRemoteStoreOptions) {
    this.#options = options;
  }

  async pullPage({ dataset, since, cursor, signal }: Parameters<RemoteStore["pullPage"]>[0]): Promise<Page> {
    const { from, to } = changesSince(dataset, since);
    const query: Query = {
      IndexName: changesIndexName,
      KeyConditionExpression: "#identity = :identity AND #change BETWEEN :from AND :to",
      ExpressionAttributeNames: { "#identity": "identity", "#change": "change" },
      ExpressionAttributeValues: { ":from": { S: from }, ":to": { S: to } },
    };
    return readPage(await this.#query(query, { type: "index", dataset, cursor, signal }), dataset);
  }

  async listPage({ dataset, cursor, signal }: PageRequest): Promise<Page> {
    const query = pathsFrom(recordPrefix(dataset));
    return readPage(await this.#query(query, { type: "table", dataset, cursor, signal }), dataset);
  }

  async readHead({ dataset, signal }: Parameters<RemoteStore["readHead"]>[0]): Promise<Page> {
    const { tableName, identity } = this.#options;
    const command = new GetItemCommand({
      TableName: tableName,
      Key: { identity: { S: identity }, path: { S: headPath(dataset) } },
      ConsistentRead: true,
      ReturnConsumedCapacity: "TOTAL",
    });
    const call = { signal, requests: 0 };
    const answer = await this.#read(call, { type: "item", dataset }, (client, options) =>
      client.send(command, options),
    );
    const items = answer.Item === undefined ? [] : [answer.Item];
    return readPage({ items, cursor: null, cost: readCost(call, answer.ConsumedCapacity) }, dataset);
  }

  async headsPage({ cursor, signal }: Parameters<RemoteStore["headsPage"]>[0]): ReturnType<RemoteStore["headsPage"]> {
    const read = await this.#query(pathsFrom(headPrefix), { type: "table", dataset: null, cursor, signal });
    return { heads: read.items.flatMap(itemToDatasetHead), cursor: read.cursor, cost: read.cost };
  }

  async commit({ dataset, attempt, signal }: Parameters<RemoteStore["commit"]>[0]): Promise<CommitOutcome> {
    const { tableName, identity, requests } = this.#options;
    const command = new TransactWriteItemsCommand(commitRequest(tableName, { identity, dataset }, attempt));
    const call: Call = { signal, requests: 0 };
    try {
      const answer = await requests.send(call, (client, options) => client.send(command, options));
      const writeUnits = (answer.ConsumedCapacity ?? []).reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      return { type: "committed", cost: { requests: call.requests, readUnits: 0, writeUnits } };
    } catch (error) {
      signal.throwIfAborted();
      const cost = { requests: call.requests, readUnits: 0, writeUnits: 0 };
      return commitOutcome(error, attempt, this.#context({ type: "commit", dataset }), cost);
    }
  }

  async sweepPage({
    dataset,
    floor,
    signal,
  }: Parameters<RemoteStore["sweepPage"]>[0]): ReturnType<RemoteStore["sweepPage"]> {
    const { from, to } = changesUpTo(dataset, floor);
    const query: Query = {
      IndexName: changesIndexName,
      KeyConditionExpression: "#identity = :identity AND #change BETWEEN :from AND :to",
      ExpressionAttributeNames: { "#identity": "identity", "#change": "change" },
      ExpressionAttributeValues: { ":from": { S: from }, ":to": { S: to } },
    };
    const page = await this.#query(query, { type: "index", dataset, cursor: null, signal });
    const call: Call = { signal, requests: 0 };
    const paths = page.items.flatMap((item) => readText(item, "path") ?? []);
    let writeUnits = 0;
    for (let start = 0; start < paths.length; start += sweptTogether) {
      const deletions = paths
        .slice(start, start + sweptTogether)
        .map((path) => this.#sweep(call, dataset, path, floor));
      for (const units of await Promise.all(deletions)) writeUnits += units;
    }
    const { requests, readUnits } = page.cost;
    return { done: page.cursor === null, cost: { requests: requests + call.requests, readUnits, writeUnits } };
  }

  /** Under a condition: another device may just be writing the record anew, above the floor. */
  async #sweep(call: Call, dataset: DatasetName, path: string, floor: SyncCount): Promise<number> {
    const { tableName, identity } = this.#options;
    const command = new DeleteItemCommand({
      TableName: tableName,
      Key: { identity: { S: identity }, path: { S: path } },
      ConditionExpression: "attribute_not_exists(#path) OR #syncCount <= :floor",
      ExpressionAttributeNames: { "#path": "path", "#syncCount": "syncCount" },
      ExpressionAttributeValues: { ":floor": { N: String(floor) } },
      ReturnConsumedCapacity: "TOTAL",
    });
    try {
      const answer = await this.#options.requests.send(call, (client, options) => client.send(command, options));
      return answer.ConsumedCapacity?.CapacityUnits ?? 0;
    } catch (error) {
      call.signal.throwIfAborted();
      if (error instanceof ConditionalCheckFailedException) return 1;
      throw awsErrorToSyncError(error, this.#context({ type: "commit", dataset }));
    }
  }

  async markSwept({
    dataset,
    head,
    signal,
  }: Parameters<RemoteStore["markSwept"]>[0]): ReturnType<RemoteStore["markSwept"]> {
    const { tableName, identity } = this.#options;
    const command = new TransactWriteItemsCommand({
      TransactItems: [sweptUpdate(tableName, { identity, dataset }, head)],
      ReturnConsumedCapacity: "TOTAL",
    });
    const call: Call = { signal, requests: 0 };
    try {
      const answer = await this.#options.requests.send(call, (client, options) => client.send(command, options));
      const writeUnits = (answer.ConsumedCapacity ?? []).reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      return { requests: call.requests, readUnits: 0, writeUnits };
    } catch (error) {
      signal.throwIfAborted();
      // The head has moved on: whoever comes next notes it.
      if (error instanceof TransactionCanceledException)
        return { requests: call.requests, readUnits: 0, writeUnits: 0 };
      throw awsErrorToSyncError(error, this.#context({ type: "commit", dataset }));
    }
  }

  rereadItem(item: JsonValue): RemoteRecord | null {
    return rereadItem(item);
  }

  async #query(query: Query, { cursor, signal, ...asked }: QueryRequest): Promise<ReadItems> {
    const { tableName, identity } = this.#options;
    const command = new QueryCommand({
      ...query,
      TableName: tableName,
      ExpressionAttributeValues: { ...query.ExpressionAttributeValues, ":identity": { S: identity } },
      ...startKeyOf(cursor),
      ConsistentRead: true,
      ReturnConsumedCapacity: "TOTAL",
    });
    const call = { signal, requests: 0 };
    const answer = await this.#read(call, asked, (client, options) => client.send(command, options));
    return {
      items: answer.Items ?? [],
      cursor: cursorAfter(answer.LastEvaluatedKey),
      cost: readCost(call, answer.ConsumedCapacity),
    };
  }

  async #read<T>(call: Call, asked: AskedTable, send: Send<T>): Promise<T> {
    try {
      return await this.#options.requests.send(call, send);
    } catch (error) {
      call.signal.throwIfAborted();
      throw awsErrorToSyncError(error, this.#context(asked));
    }
  }

  #context(asked: AskedTable): { readonly asked: Asked; readonly online: boolean } {
    const { tableName, region, online } = this.#options;
    return { asked: { ...asked, tableName, region }, online: online() };
  }
}

interface AskedTable {
  readonly type: "index" | "table" | "item" | "commit";
  readonly dataset: DatasetName | null;
}

interface QueryRequest extends AskedTable {
  readonly cursor: unknown;
  readonly signal: AbortSignal;
}

interface Query extends Pick<QueryCommandInput, "IndexName" | "KeyConditionExpression" | "ExpressionAttributeNames"> {
  readonly ExpressionAttributeValues: Record<string, AttributeValue>;
}

interface ReadItems {
  readonly items: readonly WireItem[];
  readonly cursor: PageCursor | null;
  readonly cost: Cost;
}

/** The position in one paged read. */
class PageCursor {
  readonly startKey: Record<string, AttributeValue>;

  constructor(startKey: Record<string, AttributeValue>) {
    this.startKey = startKey;
  }
}

/** An empty page with a key goes on; a key without content is the end (C36). */
const cursorAfter = (lastKey: Record<string, AttributeValue> | undefined): PageCursor | null =>
  lastKey === undefined || Object.keys(lastKey).length === 0 ? null : new PageCursor(lastKey);

function startKeyOf(cursor: unknown): Pick<QueryCommandInput, "ExclusiveStartKey"> {
  if (cursor === null || cursor === undefined) return {};
  if (cursor instanceof PageCursor) return { ExclusiveStartKey: cursor.startKey };
  throw new SyncError({
    code: "internal",
    message: "A page was asked for with a cursor of another store. Please report it.",
  });
}

const pathsFrom = (prefix: string): Query => ({
  KeyConditionExpression: "#identity = :identity AND begins_with(#path, :prefix)",
  ExpressionAttributeNames: { "#identity": "identity", "#path": "path" },
  ExpressionAttributeValues: { ":prefix": { S: prefix } },
});

function readPage({ items, cursor, cost }: ReadItems, dataset: DatasetName): Page {
  const records: RemoteRecord[] = [];
  const damaged: DamagedItem[] = [];
  let head: Head | null = null;
  const ownHead = headPath(dataset);
  for (const item of items) {
    if (readText(item, "path") === ownHead) {
      head = itemToHead(item, dataset);
      continue;
    }
    const parsed = itemToRecord(item, dataset);
    if (parsed.type === "record") records.push(parsed.record);
    else damaged.push(parsed.damaged);
  }
  return { records, damaged, head, cursor, cost };
}

/** Nothing for an item that names no dataset. */
function itemToDatasetHead(item: WireItem): readonly DatasetHead[] {
  const path = parsePath(readText(item, "path") ?? "");
  if (path?.type !== "head") return [];
  const { dataset } = path;
  try {
    return [{ dataset, head: itemToHead(item, dataset) }];
  } catch {
    return [{ dataset, head: null }];
  }
}

const readCost = (call: Call, consumed: ConsumedCapacity | undefined): Cost => ({
  requests: call.requests,
  readUnits: consumed?.CapacityUnits ?? 0,
  writeUnits: 0,
});
