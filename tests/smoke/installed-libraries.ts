import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { outputOf } from "@drayage/test-support";

import { packedPackages } from "./packed-packages.ts";

const sources = path.resolve(import.meta.dirname, "../../packages");

/** A package in its published form. */
interface PackedPackage {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * All libraries, extracted from their packages into one `node_modules`. Each has only its declared dependencies next to
 * it, copied from the workspace to avoid downloads.
 */
export class InstalledLibraries implements AsyncDisposable {
  readonly folder: string;
  /** The importable names of packages and their subpaths. */
  readonly entries: readonly string[];

  private constructor(folder: string, entries: readonly string[]) {
    this.folder = folder;
    this.entries = entries;
  }

  static async install(): Promise<InstalledLibraries> {
    const packages = await packedPackages();
    const folder = await realpath(await mkdtemp(path.join(tmpdir(), "drayage-libraries-")));
    await writeFile(path.join(folder, "package.json"), '{ "type": "module" }');
    const scoped = packages.filter((file) => /^drayage-[a-z]/.test(path.basename(file)));
    const entries = scoped.map(async (file) => install(file, folder));
    return new InstalledLibraries(folder, (await Promise.all(entries)).flat().toSorted());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** The importable subpaths. */
async function install(archive: string, folder: string): Promise<readonly string[]> {
  const [, short = ""] = /drayage-([a-z][a-z\d-]*)-\d/.exec(path.basename(archive)) ?? [];
  const location = path.join(folder, "node_modules/@drayage", short);
  await mkdir(location, { recursive: true });
  await outputOf("tar", "-xzf", archive, "-C", location, "--strip-components=1");
  const text = await readFile(path.join(location, "package.json"), "utf8");
  const { name, exports, dependencies = {} } = JSON.parse(text) as PackedPackage;
  for (const dependency of Object.keys(dependencies)) {
    if (dependency.startsWith("@drayage/")) continue;
    const link = path.join(location, "node_modules", dependency);
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(await realpath(path.join(sources, short, "node_modules", dependency)), link);
  }
  const subpaths = Object.keys(exports).filter((subpath) => !subpath.endsWith(".json"));
  return subpaths.map((subpath) => path.posix.join(name, subpath));
}
