// The only file that wires Holdfast: a cloud, the datasets, a database.
import { createSyncClient, defineDataset } from "@holdfast/client";
import { cognitoDynamo } from "@holdfast/client/aws";
import type { CompatFeature } from "./compat-feature.ts";
import { loadConfig } from "./config.ts";
import { databaseName, storedUser, type UserName } from "./device.ts";
import type { Note } from "./note.ts";

const { issuer, loginsKey, ...cloud } = await loadConfig();

export const client = createSyncClient({
  cloud: cognitoDynamo({
    ...cloud,
    logins: async ({ signal }) => {
      const user = storedUser();
      return user === null ? null : loginsOf(user, signal);
    },
  }),
  datasets: {
    notes: defineDataset<Note>({ priority: 1 }),
    compat: defineDataset<CompatFeature>(),
  },
  databaseName,
});

export const notes = client.dataset("notes");
export const compat = client.dataset("compat");

/** A fresh token from the sign-in service. */
export async function loginsOf(user: UserName, signal?: AbortSignal): Promise<Record<string, string>> {
  const response = await fetch(new URL("/token", issuer), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user }),
    ...(signal !== undefined && { signal }),
  });
  if (!response.ok) throw new Error(`The sign-in service answered ${response.status}.`);
  const answer: unknown = await response.json();
  if (typeof answer !== "object" || answer === null || !("token" in answer) || typeof answer.token !== "string") {
    throw new TypeError("The sign-in service answered without a token.");
  }
  return { [loginsKey]: answer.token };
}
