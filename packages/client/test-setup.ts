// Browser storage for tests in Node. `vitest.workspace.ts` names this file; a test fails where it has not run.
import "fake-indexeddb/auto";

Object.defineProperty(globalThis, "holdfastTestSetup", { value: true });
