// Checks that comments, documentation and test names use plain technical English. Part of `npm run lint`.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";

import { wordProblems } from "./words/word-problems.ts";

/** Generated files, and files that name the words themselves. */
const ignored = /\.api\.md$|CHANGELOG\.md$|^scripts\/words\/|^tests\/interop\/words\.test\.ts$/;

const root = path.resolve(import.meta.dirname, "..");
const listed = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { cwd: root });
const files = listed
  .toString()
  .split("\n")
  .filter((file) => /\.(?:ts|mts|mjs|md)$/.test(file) && !ignored.test(file))
  .filter((file) => existsSync(path.join(root, file)));

const problems = files.flatMap((file) =>
  wordProblems(file, readFileSync(path.join(root, file), "utf8")).map(
    ({ line, found, advice }) => `${file}:${line}: "${found}": use ${advice}`,
  ),
);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
