import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";

import { expect, test } from "vitest";

const root = path.resolve(import.meta.dirname, "../..");
const documents = filesIn(["*.md", "docs/**/*.md", "packages/*/README.md"]);
/** Documents about the sources; manuals may name files of their readers. */
const internalDocuments = filesIn(["{AGENTS,CONTRIBUTING,SECURITY}.md", "docs/decisions/*.md"]);
const fileNames = new Set(
  filesIn(["*.ts", "{packages,tests,bench,examples,scripts}/**/*.ts"]).map((file) =>
    path.basename(file),
  ),
);

test.each(documents)("every relative link of %s resolves", (document) => {
  const links = [...textOf(document).matchAll(/\]\(([^()\s#]+)(?:#[^()\s]*)?\)/g)]
    .map(([, target = ""]) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
  const isMissing = (target: string): boolean =>
    !existsSync(path.join(root, path.dirname(document), target));
  expect(links.filter(isMissing)).toEqual([]);
});

test.each(internalDocuments)("every source file that %s names exists", (document) => {
  expect(sourceFilesNamedIn(document).filter((name) => !isSourceFile(name))).toEqual([]);
});

test("internal documents name source files, by their path and by their name alone", () => {
  const names = internalDocuments.flatMap(sourceFilesNamedIn);
  expect(names.filter((name) => name.includes("/")).length).toBeGreaterThan(200);
  expect(names.filter((name) => !name.includes("/")).length).toBeGreaterThan(20);
});

/** `packages/core/src/json`, `core/src/json` for the same, or `strict-json.ts`. */
function sourceFilesNamedIn(document: string): readonly string[] {
  const names = [...textOf(document).matchAll(/`([\w.-]+(?:\/[\w.-]+)*)\/?`/g)];
  return names
    .map(([, name = ""]) => name)
    .filter((name) => /^\w[\w-]*(?:\.\w+)*\.ts$|^(?:packages|tests|bench)\/|\/src\//.test(name));
}

function isSourceFile(name: string): boolean {
  if (!name.includes("/")) return fileNames.has(name);
  return ["", "packages"].some((folder) => existsSync(path.join(root, folder, name)));
}

function textOf(document: string): string {
  return readFileSync(path.join(root, document), "utf8");
}

function filesIn(patterns: readonly string[]): readonly string[] {
  const exclude = (name: string): boolean => ["node_modules", "dist"].includes(path.basename(name));
  return globSync([...patterns], { cwd: root, exclude });
}
