// An attempt as the one request that makes it (S-2, S-3). The same attempt always makes the same request, byte for byte
// (S-5): DynamoDB knows the token for ten minutes and refuses it with other parameters. So every word here is for ever, or
// an app that updates itself between a lost answer and its repeat would meet IdempotentParameterMismatch.
import { nextSyncCount } from "../ids.ts";
import { formatVersion } from "../limits.ts";
import type { Attempt, Head, SentRecord } from "../replica.ts";
import type { AttributeValue } from "./attribute-value.ts";
import { recordToItem, type Place } from "./record-item.ts";
import { headChange, headPath } from "./table.ts";

/** Where the head's action stands in the request, and so in its CancellationReasons; the records follow in their order. */
export const headAction = 0;

/** The input of DynamoDB's TransactWriteItems, as its SDK takes it. */
export interface CommitRequest {
  ClientRequestToken: string;
  ReturnConsumedCapacity: "TOTAL";
  TransactItems: CommitAction[];
}

export interface CommitAction {
  Update?: Action & { Key: Record<string, AttributeValue>; UpdateExpression: string };
  Put?: Action & { Item: Record<string, AttributeValue> };
}

interface Action {
  TableName: string;
  ConditionExpression: string;
  ExpressionAttributeNames: Record<string, string>;
  ExpressionAttributeValues: Record<string, AttributeValue>;
}

export function commitRequest(tableName: string, place: Place, attempt: Attempt): CommitRequest {
  return {
    ClientRequestToken: attempt.commit,
    ReturnConsumedCapacity: "TOTAL",
    TransactItems: [
      headUpdate(tableName, place, attempt),
      ...attempt.records.map((sent) => recordPut(tableName, place, attempt, sent)),
    ],
  };
}

function headUpdate(tableName: string, place: Place, attempt: Attempt): CommitAction {
  const syncCount = nextSyncCount(attempt.base.syncCount);
  const always: Record<string, AttributeValue> = {
    syncCount: { N: String(syncCount) },
    commit: { S: attempt.commit },
    changed: { N: String(attempt.records.length) },
    digest: { S: attempt.digest },
    recordCount: { N: String(attempt.recordCount) },
    writers: { M: Object.fromEntries(attempt.writers.map(([replica, commit]) => [replica, { S: commit }])) },
    committedAt: { N: String(attempt.committedAt) },
    deleted: { BOOL: attempt.deletion !== null },
    format: { N: String(formatVersion) },
    change: { S: headChange(place.dataset, syncCount) },
  };
  // Lineage and floor stay while a head exists; only a deletion lifts the floor (S-11).
  const atCreation: Record<string, AttributeValue> = {
    floor: { N: String(attempt.floor) },
    lineage: { S: attempt.lineage },
    swept: { BOOL: false },
  };
  const atDeletion: Record<string, AttributeValue> = { floor: { N: String(attempt.floor) }, swept: { BOOL: false } };
  const { commit } = attempt.base;
  const set = Object.entries({
    ...always,
    ...(attempt.deletion === null ? {} : atDeletion),
    ...(commit === null ? atCreation : {}),
  });
  const condition =
    commit === null
      ? { names: { "#path": "path" }, text: "attribute_not_exists(#path)", values: {} }
      : {
          // `#syncCount` and `#commit` are named by the assignments.
          names: {},
          text: "#syncCount = :checkpoint AND #commit = :checkpointCommit",
          values: { ":checkpoint": { N: String(attempt.base.syncCount) }, ":checkpointCommit": { S: commit } },
        };
  return {
    Update: {
      TableName: tableName,
      Key: { identity: { S: place.identity }, path: { S: headPath(place.dataset) } },
      UpdateExpression: `SET ${set.map(([name]) => `#${name} = :${name}`).join(", ")}`,
      ConditionExpression: condition.text,
      ExpressionAttributeNames: { ...Object.fromEntries(set.map(([name]) => [`#${name}`, name])), ...condition.names },
      ExpressionAttributeValues: {
        ...Object.fromEntries(set.map(([name, value]) => [`:${name}`, value])),
        ...condition.values,
      },
    },
  };
}

/** S-11: the head as it is, but for the note that the records under its floor are gone. No new version: nobody pulls it. */
export function sweptUpdate(tableName: string, place: Place, head: Head): CommitAction {
  return {
    Update: {
      TableName: tableName,
      Key: { identity: { S: place.identity }, path: { S: headPath(place.dataset) } },
      UpdateExpression: "SET #swept = :true",
      ConditionExpression: "#syncCount = :syncCount AND #commit = :commit",
      ExpressionAttributeNames: { "#swept": "swept", "#syncCount": "syncCount", "#commit": "commit" },
      ExpressionAttributeValues: {
        ":true": { BOOL: true },
        ":syncCount": { N: String(head.syncCount) },
        ":commit": { S: head.commit },
      },
    },
  };
}

function recordPut(tableName: string, place: Place, attempt: Attempt, sent: SentRecord): CommitAction {
  return { Put: { TableName: tableName, Item: recordToItem(sent, attempt, place), ...recordCondition(sent, attempt) } };
}

/** S-3. Never demand a tombstone's count: it may have expired. */
function recordCondition({ base }: SentRecord, attempt: Attempt): Omit<Action, "TableName"> {
  if (base === null) {
    return {
      ConditionExpression: "attribute_not_exists(#path) OR #deleted = :true OR #syncCount <= :floor",
      ExpressionAttributeNames: { "#path": "path", "#deleted": "deleted", "#syncCount": "syncCount" },
      ExpressionAttributeValues: { ":true": { BOOL: true }, ":floor": { N: String(attempt.floor) } },
    };
  }
  return {
    ConditionExpression: "#syncCount = :base AND #commit = :baseCommit",
    ExpressionAttributeNames: { "#syncCount": "syncCount", "#commit": "commit" },
    ExpressionAttributeValues: { ":base": { N: String(base.syncCount) }, ":baseCommit": { S: base.commit } },
  };
}
