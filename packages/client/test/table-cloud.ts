// A cloud of one identity over a table in memory that the test holds in its hand.
import { parseIdentityId } from "@holdfast/core";
import type { CloudImplementation, SignedIn } from "../src/cloud.ts";
import type { RemoteStore } from "../src/remote-store.ts";

const ann: SignedIn = {
  identityId: parseIdentityId("memory:00000000-0000-4000-8000-000000000001"),
  kind: "authenticated",
  logins: ["test"],
};

export const annsLogins = { test: "ann" };

export const tableCloud = (table: RemoteStore): CloudImplementation => ({
  id: "table",
  connect: async () => ({
    identify: async (who) => (who.type === "logins" ? ann : who.known),
    credentials: async () => {
      throw new Error("a table in memory needs no credentials");
    },
    forget: () => {},
    remoteStore: () => table,
    clockOffset: () => 0,
  }),
});
