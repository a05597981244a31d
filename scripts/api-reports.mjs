// Writes the API report of every entry of the package in this folder: `core.api.md`, `core-memory.api.md`. Requires a
// build.
import { readFileSync } from "node:fs";
import path from "node:path";

import { Extractor, ExtractorConfig } from "@microsoft/api-extractor";

const folder = process.cwd();
const manifest = path.join(folder, "package.json");
const { exports } = JSON.parse(readFileSync(manifest, "utf8"));
const base = ExtractorConfig.loadFile(
  path.resolve(import.meta.dirname, "../api-extractor.base.json"),
);

let isWhole = true;
for (const entry of Object.keys(exports)) {
  if (entry.endsWith(".json")) continue;
  const name = entry === "." ? "index" : entry.slice(2);
  const suffix = entry === "." ? "" : `-${name}`;
  const declarations = path.join(folder, `dist/${name}.d.mts`);
  const config = ExtractorConfig.prepare({
    packageJsonFullPath: manifest,
    configObjectFullPath: path.join(folder, "api-extractor.json"),
    configObject: {
      ...base,
      projectFolder: folder,
      mainEntryPointFilePath: declarations,
      apiReport: {
        enabled: true,
        reportFolder: folder,
        reportFileName: `${path.basename(folder)}${suffix}.api.md`,
        reportTempFolder: path.join(folder, "node_modules/.cache/api-reports"),
      },
      compiler: {
        overrideTsconfig: {
          compilerOptions: {
            target: "es2024",
            lib: ["es2024", "esnext.disposable"],
            module: "nodenext",
            types: ["node"],
            skipLibCheck: true,
          },
          files: [declarations],
        },
      },
    },
  });
  isWhole = Extractor.invoke(config, { localBuild: true }).succeeded && isWhole;
}
if (!isWhole) process.exitCode = 1;
