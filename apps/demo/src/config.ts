// Where the cloud is. The server that serves this page writes it to /config.json.

export interface DemoConfig {
  readonly region: string;
  readonly identityPoolId: string;
  readonly tableName: string;
  readonly endpoints: { readonly cognitoIdentity: string; readonly dynamodb: string; readonly sts: string };
  /** URL of the sign-in service, and the name that the identity pool knows it by. */
  readonly issuer: string;
  readonly loginsKey: string;
}

export async function loadConfig(): Promise<DemoConfig> {
  const response = await fetch("/config.json");
  if (!response.ok) throw new Error(`The demo's server answered ${response.status} to /config.json.`);
  return parseConfig(await response.json());
}

function parseConfig(value: unknown): DemoConfig {
  const config = asFields(value, "config");
  const endpoints = asFields(config["endpoints"], "endpoints");
  return {
    region: asText(config, "region"),
    identityPoolId: asText(config, "identityPoolId"),
    tableName: asText(config, "tableName"),
    endpoints: {
      cognitoIdentity: asText(endpoints, "cognitoIdentity"),
      dynamodb: asText(endpoints, "dynamodb"),
      sts: asText(endpoints, "sts"),
    },
    issuer: asText(config, "issuer"),
    loginsKey: asText(config, "loginsKey"),
  };
}

function asFields(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null) throw new TypeError(`/config.json has no ${name}.`);
  return Object.fromEntries(Object.entries(value));
}

function asText(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new TypeError(`/config.json has no ${name}.`);
  return value;
}
