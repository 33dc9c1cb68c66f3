// The test projects. Vitest 4 no longer reads this file by itself: vitest.config.ts imports it.
import { fileURLToPath } from "node:url";
import type { TestProjectConfiguration } from "vitest/config";

const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// Tests run on the sources, so that a stale build never passes.
const alias = ["core", "emulator"].map((name) => ({
  find: `@holdfast/${name}`,
  replacement: source(`packages/${name}/src/index.ts`),
}));

const project = (name: string, root: string, setupFiles: string[] = []): TestProjectConfiguration => ({
  resolve: { alias },
  // A test that takes longer hangs; what is slow because the machine is busy does not.
  test: { name, root: source(root), include: ["src/**/*.test.ts"], setupFiles, testTimeout: 60_000 },
});

export default [
  project("core", "packages/core"),
  project("client", "packages/client", [source("packages/client/test-setup.ts")]),
  project("emulator", "packages/emulator"),
  {
    resolve: { alias },
    test: {
      name: "e2e",
      root: source("apps/demo"),
      include: ["e2e/**/*.test.ts"],
      // One browser and one build of the demo for all files, which take turns after the other projects' tests.
      fileParallelism: false,
      isolate: false,
      sequence: { groupOrder: 1 },
      testTimeout: 60_000,
      hookTimeout: 60_000,
    },
  },
] satisfies TestProjectConfiguration[];
