// @holdfast/client/aws: the AWS code behind it is loaded when a sync first needs it, so that starting offline never
// downloads it.
import type { Cloud } from "../api.ts";
import { createCloud, type CognitoDynamoOptions } from "./cognito-dynamo.ts";

export type { CognitoDynamoOptions } from "./cognito-dynamo.ts";

/**
 * A cloud made of your own Cognito identity pool and DynamoDB table. Synchronous; touches no network.
 * @throws SyncError `cloud-misconfigured` where an option can't be right
 */
export function cognitoDynamo(options: CognitoDynamoOptions): Cloud {
  return createCloud(options, () => import("./session.ts"));
}
