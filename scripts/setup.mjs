// Installs the workspace if necessary, and builds it with --build. Runs before the installation, so it must work with
// any Node from version 20, and only with built-in modules and npm.
import { spawnSync } from "node:child_process";
import { readFileSync, utimesSync } from "node:fs";
import path from "node:path";

import { changedAt, lastSourceChange } from "./source-changes.mjs";

const root = path.resolve(import.meta.dirname, "..");
const { packageManager } = JSON.parse(readFileSync(path.join(root, "package.json"), "utf8"));

if (changedAt("node_modules/.modules.yaml") < changedAt("pnpm-lock.yaml")) {
  pnpm("install", "--frozen-lockfile");
}
const main = "packages/cli/dist/main.mjs";
if (process.argv.includes("--build") && changedAt(main) < lastSourceChange()) {
  const begun = new Date();
  pnpm("run", "build");
  // turbo does not touch up-to-date output, so the next run would build again.
  utimesSync(path.join(root, main), begun, begun);
}

/** Writes the output of tools to stderr, because callers print their own results. */
function pnpm(...args) {
  const command = ["--yes", packageManager, ...args];
  // Telemetry of the tools requires consent.
  const env = {
    ...process.env,
    TURBO_TELEMETRY_DISABLED: "1",
    NPM_CONFIG_UPDATE_NOTIFIER: "false",
  };
  const shell = process.platform === "win32";
  const options = { cwd: root, env, stdio: ["ignore", 2, 2], shell };
  const { status, error } = spawnSync("npx", command, options);
  if (status === 0) return;
  console.error(`npx ${command.join(" ")} failed${error ? `: ${error.message}` : ""}`);
  process.exit(status ?? 1);
}
