// The long forms of tests that `npm test` shortens. See docs/decisions/32-how-long-tests-take.md.
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");

/** Whether a test uses `isTorture`, directly or through the conformance suite. */
function isShortened(file) {
  const text = readFileSync(path.join(root, file), "utf8");
  return /\b(?:isTorture|narrowed|thorough)\b/.test(text);
}

function testsIn(folder) {
  const names = readdirSync(path.join(root, folder), { recursive: true });
  const tests = names.filter((name) => name.endsWith(".test.ts") && !name.includes("node_modules"));
  return tests.map((name) => path.join(folder, name));
}

const packages = readdirSync(path.join(root, "packages")).map((name) => `packages/${name}/test`);
const tests = [...packages, "tests"].flatMap(testsIn).filter(isShortened);
const { status } = spawnSync(
  path.join(root, "node_modules/.bin/vitest"),
  ["run", "--testTimeout=300000", "--hookTimeout=300000", ...tests],
  {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, DRAYAGE_TORTURE: "1" },
  },
);
process.exitCode = status ?? 1;
