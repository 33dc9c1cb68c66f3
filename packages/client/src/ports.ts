// The ports as an app hands them in. They are opaque to it, so what comes in is looked at before it is believed.
import { SyncError } from "@holdfast/core";
import type { Cloud, LocalStore, Runtime } from "./api.ts";
import type { CloudImplementation } from "./cloud.ts";
import type { LocalStoreImplementation } from "./local-store.ts";
import type { RuntimeImplementation } from "./runtime.ts";

export function asCloud(cloud: Cloud): CloudImplementation {
  if (isCloud(cloud)) return cloud;
  throw wrongPort("cloud", 'what cognitoDynamo of "@holdfast/client/aws" returns');
}

export function asRuntime(runtime: Runtime): RuntimeImplementation {
  if (isRuntime(runtime)) return runtime;
  throw wrongPort("runtime", 'what fakeRuntime of "@holdfast/client/testing" returns');
}

export function asStorage(storage: LocalStore): LocalStoreImplementation {
  if (isStorage(storage)) return storage;
  throw wrongPort("storage", 'what memoryStore of "@holdfast/client/testing" returns');
}

const isCloud = (cloud: Cloud | undefined): cloud is CloudImplementation =>
  typeof cloud?.id === "string" && "connect" in cloud;
const isRuntime = (runtime: Runtime): runtime is RuntimeImplementation => "withLock" in runtime;
const isStorage = (storage: LocalStore): storage is LocalStoreImplementation => "open" in storage;

const wrongPort = (option: string, wanted: string): SyncError =>
  new SyncError({ code: "cloud-misconfigured", message: `createSyncClient: \`${option}\` is not ${wanted}.` });
