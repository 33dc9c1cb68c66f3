import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compatDataPlugin } from "./build/compat-data-plugin.ts";

export default defineConfig({
  plugins: [react(), compatDataPlugin()],
  build: {
    outDir: "dist/web",
    target: "es2022",
    // The real data is one large chunk, loaded when it is asked for.
    chunkSizeWarningLimit: 1_600,
    // On a busy machine the build would print how long each plugin took, above the one address that matters.
    rolldownOptions: { checks: { pluginTimings: false } },
  },
});
