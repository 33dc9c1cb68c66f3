// What an identity pool refuses with, in AWS's words where they are known.
import { AwsError } from "../http/answer.ts";

export const notAuthorized = (message: string): AwsError => new AwsError("NotAuthorizedException", message);

export const invalidParameter = (message: string): AwsError => new AwsError("InvalidParameterException", message);

export const resourceConflict = (message: string): AwsError => new AwsError("ResourceConflictException", message);

export const identityNotFound = (identityId: string): AwsError =>
  new AwsError("ResourceNotFoundException", `Identity '${identityId}' not found.`);

export const poolNotFound = (poolId: string): AwsError =>
  new AwsError("ResourceNotFoundException", `IdentityPool '${poolId}' not found.`);

/** AWS says the same of an identity that is disabled and of one that has logins when none are shown. */
export const identityForbidden = (identityId: string): AwsError =>
  notAuthorized(`Access to Identity '${identityId}' is forbidden.`);

export const invalidToken = (why: string): AwsError => notAuthorized(`Invalid login token. ${why}`);

export function malformed(name: string, value: string): AwsError {
  return new AwsError(
    "ValidationException",
    `1 validation error detected: Value '${value}' at '${name}' failed to satisfy constraint: ` +
      "Member must satisfy regular expression pattern: [\\w-]+:[0-9a-f-]+",
  );
}

export const loginsDoNotMatch = (): AwsError =>
  notAuthorized("Logins don't match. Please include at least one valid login for this identity or identity pool.");

export const guestsNotSupported = (): AwsError =>
  notAuthorized("Unauthenticated access is not supported for this identity pool.");
