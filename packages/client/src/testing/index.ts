// @holdfast/client/testing: an app's tests run with these instead of a browser and a cloud.
export { fakeRuntime, type FakeRuntime } from "./fake-runtime.ts";
export { memoryCloud, type Fault, type Hostility, type MemoryCloud } from "./memory-cloud.ts";
export { memoryStore } from "./memory-store.ts";
