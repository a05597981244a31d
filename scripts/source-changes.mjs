import { readdirSync, statSync } from "node:fs";
import path from "node:path";

const root = path.resolve(import.meta.dirname, "..");

/** When anything that the build reads was last changed, in milliseconds. */
export function lastSourceChange() {
  const files = readdirSync(path.join(root, "packages")).flatMap((name) => [
    path.join("packages", name, "package.json"),
    ...sourcesIn(path.join("packages", name, "src")),
  ]);
  files.push("tsdown.config.ts", "packages/cli/tsdown.config.ts", "pnpm-lock.yaml");
  return Math.max(...files.map(changedAt));
}

/** Milliseconds; 0 for a file that does not exist. */
export function changedAt(name) {
  return statSync(path.join(root, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

function sourcesIn(folder) {
  return readdirSync(path.join(root, folder), { recursive: true }).map((name) =>
    path.join(folder, name),
  );
}
