// The cloud as an app configures it: checked at once, connected when a sync first needs it. No AWS code is imported here;
// how it is loaded is the entry's business.
import { SyncError } from "@holdfast/core";
import type { CloudImplementation } from "../cloud.ts";
import type { AskLogins } from "./login-tokens.ts";

export interface CognitoDynamoOptions {
  /** The table's region, `eu-west-1`. */
  readonly region: string;
  readonly identityPoolId: string;
  readonly tableName: string;
  /** Asked whenever a token is needed after a reload or an expiry; null: the user must sign in. */
  readonly logins?: AskLogins;
  /** Default true; a guest identity is created only when there is a write to push. */
  readonly guests?: boolean;
  /** Default `enhanced`. */
  readonly flow?: "enhanced" | "classic";
  /** The role to take, where the identity pool lets a login choose. */
  readonly roleArn?: string;
  /** Of an emulator, or of a proxy of your own. */
  readonly endpoints?: { readonly cognitoIdentity?: string; readonly dynamodb?: string; readonly sts?: string };
}

/** Options with their defaults. */
export interface CloudConfiguration {
  readonly region: string;
  readonly identityPoolId: string;
  readonly tableName: string;
  readonly logins: AskLogins | undefined;
  readonly guests: boolean;
  readonly flow: "enhanced" | "classic";
  readonly roleArn: string | undefined;
  readonly endpoints: {
    readonly cognitoIdentity: string | undefined;
    readonly dynamodb: string | undefined;
    readonly sts: string | undefined;
  };
}

/** What `session.ts` exports. */
interface SessionModule {
  readonly openSession: (
    configuration: CloudConfiguration,
    ...of: Parameters<CloudImplementation["connect"]>
  ) => Awaited<ReturnType<CloudImplementation["connect"]>>;
}

/**
 * Types are checked at once, what AWS makes of the texts when the cloud is first needed: a module may be loaded, by a test
 * or a server, with a configuration that is filled in elsewhere.
 * @throws SyncError `cloud-misconfigured` where an option has the wrong type
 */
export function createCloud(options: CognitoDynamoOptions, load: () => Promise<SessionModule>): CloudImplementation {
  const configuration = checkedConfiguration(options);
  const cloud: CloudImplementation = {
    id: cloudId(configuration),
    connect: async (runtime, remembered) => {
      assertPlausible(configuration);
      return (await loaded(load)).openSession(configuration, runtime, remembered);
    },
  };
  return Object.freeze(cloud);
}

/** The code could not be loaded: offline before it was ever here, or a new version of the app was deployed meanwhile. */
async function loaded(load: () => Promise<SessionModule>): Promise<SessionModule> {
  try {
    return await load();
  } catch (error) {
    const message =
      "The app's code for the cloud could not be loaded. It is tried again by itself; reload the page if it never works.";
    throw new SyncError({ code: "cloud-unavailable", message }, { cause: error });
  }
}

/**
 * Names this cloud in database names. Each part is escaped and the parts are joined by a character that no part has, so
 * that two configurations never share one.
 */
function cloudId({ region, identityPoolId, tableName, endpoints }: CloudConfiguration): string {
  const parts = [region, identityPoolId, tableName];
  if (endpoints.cognitoIdentity !== undefined || endpoints.dynamodb !== undefined) {
    parts.push(endpoints.cognitoIdentity ?? "", endpoints.dynamodb ?? "");
  }
  return parts.map(escaped).join(".");
}

const escaped = (part: string): string =>
  part.replaceAll(/[^A-Za-z0-9-]/g, (char) => `_${char.charCodeAt(0).toString(16).padStart(2, "0")}`);

function checkedConfiguration(options: CognitoDynamoOptions): CloudConfiguration {
  const {
    region,
    identityPoolId,
    tableName,
    logins,
    guests = true,
    flow = "enhanced",
    roleArn,
    endpoints = {},
  } = options;
  for (const [name, text] of Object.entries({ region, identityPoolId, tableName })) check(name, text, /./, "a text");
  if (roleArn !== undefined) check("roleArn", roleArn, /./, "a text");
  if (logins !== undefined && typeof logins !== "function") throw wrongOption("logins", "a function");
  if (typeof guests !== "boolean") throw wrongOption("guests", "true or false");
  if (flow !== "enhanced" && flow !== "classic") throw wrongOption("flow", '"enhanced" or "classic"');
  const { cognitoIdentity, dynamodb, sts } = endpoints;
  return {
    region,
    identityPoolId,
    tableName,
    logins,
    guests,
    flow,
    roleArn,
    endpoints: {
      cognitoIdentity: checkedUrl("endpoints.cognitoIdentity", cognitoIdentity),
      dynamodb: checkedUrl("endpoints.dynamodb", dynamodb),
      sts: checkedUrl("endpoints.sts", sts),
    },
  };
}

/** @throws SyncError `cloud-misconfigured` where a text can't be what AWS calls so */
function assertPlausible({ region, identityPoolId, tableName, roleArn }: CloudConfiguration): void {
  check("region", region, /^[a-z]{2,}(-[a-z0-9]+)+$/, "a region such as eu-west-1");
  check("identityPoolId", identityPoolId, /^[\w-]+:[0-9A-Za-z-]+$/, "an identity pool's id, <region>:<uuid>");
  check("tableName", tableName, /^[A-Za-z0-9_.-]{3,255}$/, "a table's name");
  if (roleArn !== undefined) check("roleArn", roleArn, /^arn:[\w-]+:iam::\d{12}:role\/.+$/, "the ARN of an IAM role");
}

function check(name: string, value: unknown, pattern: RegExp, wanted: string): void {
  if (typeof value !== "string" || !pattern.test(value)) throw wrongOption(name, wanted);
}

function checkedUrl(name: string, url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (!URL.canParse(url) || !/^https?:/.test(url)) throw wrongOption(name, "an http or https URL");
  return new URL(url).href;
}

const wrongOption = (name: string, wanted: string): SyncError =>
  new SyncError({
    code: "cloud-misconfigured",
    message: `cognitoDynamo: ${name} is not ${wanted}. Check the app's configuration.`,
  });
