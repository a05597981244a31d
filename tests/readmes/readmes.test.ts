import { execFile } from "node:child_process";
import { existsSync, globSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { dockerdProgram, startDockerd } from "@drayage/test-servers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { documents, root } from "./documents.ts";
import type { Document } from "./documents.ts";
import { ExampleWorld } from "./example-world.ts";

const run = promisify(execFile);
/** The Node of development: older ones cannot run the sources as they are. */
const node = path.join(root, "node_modules/.bin/node");

/** Beside the packages that examples import. */
const programs = path.join(import.meta.dirname, ".programs");
const withPrograms = documents.filter(({ program }) => program !== "");

/** `packages-core-README.ts` */
function programFile(folder: string, { file }: Document): string {
  return path.join(folder, `${file.replace(/\.md$/, "").replaceAll("/", "-")}.ts`);
}

describe("the examples of", () => {
  let folder: string;
  let world: ExampleWorld;
  let failures: Readonly<Record<string, string>>;

  beforeAll(async () => {
    await mkdir(programs, { recursive: true });
    folder = await mkdtemp(path.join(programs, "run-"));
    world = await ExampleWorld.open();
    for (const document of withPrograms)
      await writeFile(programFile(folder, document), document.program);
    const config = { extends: "../../../../tsconfig.base.json", include: ["*.ts"] };
    await writeFile(path.join(folder, "tsconfig.json"), JSON.stringify(config));
    await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
    failures = await runAll(withPrograms.filter((document) => !needsEngine(document)));
  }, 120_000);

  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test("all documents have the types that the packages have", async () => {
    const compiler = path.join(root, "node_modules/.bin/tsc");
    const flags = ["--noEmit", "--isolatedDeclarations", "false", "-p", folder];
    const { stdout } = await run(compiler, flags).catch(
      (error: unknown) => error as { stdout: string },
    );
    expect(stdout).toBe("");
  });

  const needsEngine = (document: Document): boolean => document.program.includes("dockerDaemon(");

  test.each(withPrograms.filter((document) => !needsEngine(document)))("$file runs", ({ file }) => {
    expect(failures[file]).toBe("none");
  });

  test.skipIf(dockerdProgram === undefined).each(withPrograms.filter(needsEngine))(
    "$file runs (needs dockerd)",
    async (document) => {
      await using engine = await startDockerd();
      const failed = await runAll([document], { DOCKER_HOST: engine.host });
      expect(failed).toEqual({ [document.file]: "none" });
    },
  );

  /** What each program failed with, by its document. One process runs them one after the other. */
  async function runAll(
    chosen: readonly Document[],
    more: Readonly<Record<string, string>> = {},
  ): Promise<Readonly<Record<string, string>>> {
    const files = chosen.map((document) => [document.file, programFile(folder, document)]);
    const runner = path.join(import.meta.dirname, "run-programs.ts");
    const flags = ["--conditions=@drayage/source", runner, JSON.stringify(files)];
    const env = { ...world.environment, ...more };
    await run(node, flags, { cwd: world.folder, env });
    const report = await readFile(path.join(world.folder, "failures.json"), "utf8");
    return JSON.parse(report) as Readonly<Record<string, string>>;
  }
});

describe("every package", () => {
  const manifests = globSync("packages/*/package.json", { cwd: root }).toSorted();

  test.each(manifests)("%s has a README with a description and installation", (manifest) => {
    const folder = path.join(root, path.dirname(manifest));
    const { name } = JSON.parse(readFileSync(path.join(root, manifest), "utf8")) as {
      readonly name: string;
    };
    const text = readFileSync(path.join(folder, "README.md"), "utf8");
    expect(text.startsWith(`# ${name}\n`)).toBe(true);
    expect(text).toMatch(new RegExp(`^npm install (-D )?.*${name}\\b|^npx ${name}\\b`, "m"));
    expect(text).toMatch(/^```(ts|sh)$/m);
  });

  test.each(documents)("the links of $file lead somewhere", ({ file, text }) => {
    const folder = path.dirname(path.join(root, file));
    const links = [...text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)].map(([, link = ""]) => link);
    const broken = links.filter(
      (link) => !/^https?:/.test(link) && !existsSync(path.join(folder, link)),
    );
    expect(broken).toEqual([]);
  });
});
