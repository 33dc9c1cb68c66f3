// The policy of the identity pool's roles, decided as IAM would: on one table and its index, and only under the
// identity's own id (dynamodb:LeadingKeys). PutItem and UpdateItem are allowed inside TransactWriteItems alone
// (dynamodb:EnclosingOperation), so that nothing is written without a condition on the head.
import { accountId } from "../account.ts";
import { isObject, textAt, type JsonObject } from "../json.ts";
import { indexName, partitionKey } from "./table.ts";

export interface PolicyContext {
  readonly identityId: string;
  readonly region: string;
  readonly tableName: string;
}

/** What IAM is asked about: one for each item of a transaction. */
interface Access {
  /** Without `dynamodb:`. */
  readonly action: string;
  readonly resource: string;
  readonly enclosed: boolean;
  /** null: the request does not tell. */
  readonly leadingKey: string | null;
}

export interface Denial {
  readonly action: string;
  readonly resource: string;
}

const allowedActions: ReadonlySet<string> = new Set(["GetItem", "Query", "DeleteItem", "ConditionCheckItem"]);
const allowedEnclosed: ReadonlySet<string> = new Set([...allowedActions, "PutItem", "UpdateItem"]);

/** The first access that the policy does not allow; null: all are allowed. */
export function findDenial(operation: string, request: JsonObject, context: PolicyContext): Denial | null {
  const { identityId, region, tableName } = context;
  const table = tableArn(region, tableName);
  const resources = [table, `${table}/index/${indexName}`];
  const denied = accessesOf(operation, request, region).find(
    ({ action, resource, enclosed, leadingKey }) =>
      !(enclosed ? allowedEnclosed : allowedActions).has(action) ||
      !resources.includes(resource) ||
      leadingKey !== identityId,
  );
  return denied === undefined ? null : { action: denied.action, resource: denied.resource };
}

function accessesOf(operation: string, request: JsonObject, region: string): readonly Access[] {
  switch (operation) {
    case "TransactWriteItems":
      return transactionItems(request).flatMap((item) => [
        ...accessIn(item["Put"], "PutItem", region),
        ...accessIn(item["Update"], "UpdateItem", region),
        ...accessIn(item["Delete"], "DeleteItem", region),
        ...accessIn(item["ConditionCheck"], "ConditionCheckItem", region),
      ]);
    case "TransactGetItems":
      return transactionItems(request).flatMap((item) => accessIn(item["Get"], "GetItem", region));
    case "Query":
      return [{ ...accessTo(request, operation, region), leadingKey: queriedKey(request) }];
    default:
      return [accessTo(request, operation, region)];
  }
}

/** What is no list of objects is left to the engine to refuse. */
function transactionItems(request: JsonObject): readonly JsonObject[] {
  const items = request["TransactItems"];
  return Array.isArray(items) ? items.filter(isObject) : [];
}

const accessIn = (request: unknown, action: string, region: string): readonly Access[] =>
  isObject(request) ? [{ ...accessTo(request, action, region), enclosed: true }] : [];

function accessTo(request: JsonObject, action: string, region: string): Access {
  const index = textAt(request, "IndexName");
  const resource = `${tableArn(region, tableNameOf(request))}${index === undefined ? "" : `/index/${index}`}`;
  return { action, resource, enclosed: false, leadingKey: keyText(request["Key"] ?? request["Item"]) };
}

function tableNameOf(request: JsonObject): string {
  const batch = request["RequestItems"];
  return textAt(request, "TableName") ?? (isObject(batch) ? Object.keys(batch)[0] : undefined) ?? "*";
}

/** A table may be named by its ARN. */
const tableArn = (region: string, tableName: string): string =>
  tableName.startsWith("arn:") ? tableName : `arn:aws:dynamodb:${region}:${accountId}:table/${tableName}`;

const keyText = (item: unknown): string | null => (isObject(item) ? valueText(item[partitionKey]) : null);

const valueText = (value: unknown): string | null => (isObject(value) ? (textAt(value, "S") ?? null) : null);

/** The partition key that a query asks for; null where the expression does not say `key = :value`. */
function queriedKey(request: JsonObject): string | null {
  const names = request["ExpressionAttributeNames"];
  const values = request["ExpressionAttributeValues"];
  const condition = textAt(request, "KeyConditionExpression") ?? "";
  const keys = [...condition.matchAll(/(#?[\w.]+)\s*=\s*(:\w+)/g)].flatMap(([, name = "", value = ""]) => {
    const attribute = name.startsWith("#") && isObject(names) ? textAt(names, name) : name;
    return attribute === partitionKey && isObject(values) ? [valueText(values[value])] : [];
  });
  const [key, ...others] = keys;
  return key === undefined || others.some((other) => other !== key) ? null : key;
}
