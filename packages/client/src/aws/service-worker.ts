// @holdfast/client/service-worker: the same as ./aws with AWS imported statically, since a service worker can't import().
import type { Cloud } from "../api.ts";
import { createCloud, type CognitoDynamoOptions } from "./cognito-dynamo.ts";
import * as session from "./session.ts";

export type { CognitoDynamoOptions } from "./cognito-dynamo.ts";

/**
 * A cloud made of your own Cognito identity pool and DynamoDB table. Synchronous; touches no network.
 * @throws SyncError `cloud-misconfigured` where an option can't be right
 */
export function cognitoDynamo(options: CognitoDynamoOptions): Cloud {
  return createCloud(options, async () => session);
}
