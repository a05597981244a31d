// The long forms of tests that `npm test` shortens: a copy killed at a hundred moments, and every setup of a real
// registry.
import { spawnSync } from "node:child_process";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");
const tests = [
  "packages/transport-s3/test/s3-kills.test.ts",
  "packages/transport-docker/test/conformance-distribution.test.ts",
];
const { status } = spawnSync(path.join(root, "node_modules/.bin/vitest"), ["run", ...tests], {
  cwd: root,
  stdio: "inherit",
  env: { ...process.env, DRAYAGE_TORTURE: "1" },
});
process.exitCode = status ?? 1;
