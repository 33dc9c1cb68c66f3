// The table, as an app's owner creates it in AWS.
export const defaultTableName = "holdfast";
export const partitionKey = "identity";
const sortKey = "path";
export const indexName = "changes";
export const indexSortKey = "change";

export const tableDefinition = (tableName: string): object => ({
  TableName: tableName,
  BillingMode: "PAY_PER_REQUEST",
  AttributeDefinitions: [partitionKey, sortKey, indexSortKey].map((name) => ({
    AttributeName: name,
    AttributeType: "S",
  })),
  KeySchema: keySchema(sortKey),
  LocalSecondaryIndexes: [
    { IndexName: indexName, KeySchema: keySchema(indexSortKey), Projection: { ProjectionType: "ALL" } },
  ],
});

export const timeToLive = (tableName: string): object => ({
  TableName: tableName,
  TimeToLiveSpecification: { AttributeName: "expiresAt", Enabled: true },
});

const keySchema = (range: string): object[] => [
  { AttributeName: partitionKey, KeyType: "HASH" },
  { AttributeName: range, KeyType: "RANGE" },
];
