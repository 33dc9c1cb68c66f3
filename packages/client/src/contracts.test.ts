// The contract suites of both ports, run on what this repository has of them. HOLDFAST_ACCOUNT: on that account instead of
// the emulator (docs/aws.md). `npm run test:dynamodb-local` runs them on Amazon's DynamoDB Local.
import type { Emulator } from "@holdfast/emulator";
import { afterAll, beforeAll, describe, it } from "vitest";
import { startTestEmulator } from "../test/test-emulator.ts";
import type { CloudImplementation } from "./cloud.ts";
import { cognitoDynamo } from "./aws/index.ts";
import { dexieLocalStore } from "./dexie/dexie-local-store.ts";
import { localStoreContract, memoryCloud, memoryStore, remoteStoreContract } from "./testing/index.ts";

Object.assign(globalThis, { describe, it });

describe("memoryCloud", () => remoteStoreContract(memoryCloud));

describe("DynamoDB", () => {
  let emulator: Emulator | null = null;
  beforeAll(async () => {
    if (!process.env["HOLDFAST_ACCOUNT"]) emulator = await startTestEmulator();
  });
  afterAll(() => emulator?.close());
  remoteStoreContract(() => {
    const account = process.env["HOLDFAST_ACCOUNT"];
    if (account) {
      const { logins, ...of } = JSON.parse(account);
      return cognitoDynamo({ ...of, logins: async () => logins });
    }
    if (!emulator) throw new Error("the emulator has not started");
    const { region, identityPoolId, tableName, endpoints } = emulator;
    return cognitoDynamo({ region, identityPoolId, tableName, endpoints }) satisfies {
      id: string;
    } as CloudImplementation;
  });
});

describe("memoryStore", () => localStoreContract(memoryStore));
describe("IndexedDB", () => localStoreContract(dexieLocalStore));
