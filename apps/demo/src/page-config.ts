import type { DemoConfig } from "./demo-config.ts";

/** What the server wrote into this page. */
export function pageConfig(): DemoConfig {
  const json = document.getElementById("holdfast-config")?.textContent;
  if (!json) throw new Error("This page was not served by the demo's own server, which tells it where its cloud is.");
  const config = asFields(JSON.parse(json), "config");
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
  if (typeof value !== "object" || value === null) throw new TypeError(`The page's config has no ${name}.`);
  return Object.fromEntries(Object.entries(value));
}

function asText(fields: Record<string, unknown>, name: string): string {
  const value = fields[name];
  if (typeof value !== "string") throw new TypeError(`The page's config has no ${name}.`);
  return value;
}
