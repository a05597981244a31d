import { defineConfig } from "tsdown";

import base from "../../tsdown.config.ts";

export default defineConfig({
  ...base,
  entry: {
    index: "src/index.ts",
    files: "src/files/index.ts",
    memory: "src/memory/index.ts",
  },
});
