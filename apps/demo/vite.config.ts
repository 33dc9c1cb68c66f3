import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { compatDataPlugin } from "./build/compat-data-plugin.ts";

export default defineConfig({
  plugins: [react(), compatDataPlugin()],
  build: { outDir: "dist/web", target: "es2022" },
});
