// The only file that wires Holdfast: a cloud, the datasets, a database.
import { byPath, createSyncClient, defineDataset, newestWins, text, unionSet } from "@holdfast/client";
import { cognitoDynamo } from "@holdfast/client/aws";
import type { CompatFeature } from "./compat-feature.ts";
import { databaseName, type UserName } from "./device.ts";
import type { Note } from "./note.ts";
import { pageConfig } from "./page-config.ts";
import { currentUser, isLeaving } from "./user.ts";

const { issuer, loginsKey, ...cloud } = pageConfig();

export const client = createSyncClient({
  cloud: cognitoDynamo({
    ...cloud,
    logins: async ({ signal }) => {
      const user = currentUser();
      return user === null || isLeaving() ? null : loginsOf(user, signal);
    },
  }),
  datasets: {
    // Two devices may write into one text and add tags at once; where they change the same words, the newer edit wins.
    notes: defineDataset<Note>({
      priority: 1,
      resolver: byPath({ "/body": text(), "/tags": unionSet() }, newestWins),
    }),
    compat: defineDataset<CompatFeature>(),
  },
  databaseName,
  // Two windows side by side should see each other's edits at once. Against AWS each look costs half a read unit: there
  // the default, some seconds while something happens and a minute when nothing does, is what an app wants.
  autoSync: { pollMsMin: 1_000, pollMsMax: 3_000 },
});

export const notes = client.dataset("notes");

/** The notes of whoever is signed in now: what is written with it later never reaches somebody else's. */
export function ownNotes(): typeof notes {
  const { identityId } = client.identity.getSnapshot();
  return identityId === null ? notes : client.dataset("notes", { identityId });
}
export const compat = client.dataset("compat");

/** `total` alone: kept up by the changed keys, where counting a snapshot's records would copy them all each time. */
export const noteCount = notes.query({ limit: 0 });
export const compatCount = compat.query({ limit: 0 });

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
