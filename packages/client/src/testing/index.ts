// @holdfast/client/testing: an app's tests run with these instead of a browser and a cloud.
export { fakeRuntime, type FakeRuntime } from "./fake-runtime.ts";
export { cloudFaults, type CloudFault } from "./hostility.ts";
export { localStoreContract } from "./local-store-contract.ts";
export { memoryCloud, type Fault, type MemoryCloud, type MemoryCloudOptions } from "./memory-cloud.ts";
export { memoryStore } from "./memory-store.ts";
export { remoteStoreContract } from "./remote-store-contract.ts";
export { simulate, simulationFaults, type SimulateOptions, type SimulationReport } from "./simulation/simulate.ts";
