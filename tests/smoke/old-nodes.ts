import { execFileSync } from "node:child_process";
import { accessSync, constants, realpathSync } from "node:fs";
import path from "node:path";

/** A Node that is too old, or pretends to be. */
export interface OldNode {
  readonly version: string;
  readonly runtime: readonly [string, ...string[]];
}

/** The Node of this process with another version number. */
export function withVersion(version: string): OldNode["runtime"] {
  const versions = `{ ...process.versions, node: ${JSON.stringify(version)} }`;
  const code = `Object.defineProperty(process, "versions", { value: ${versions} });`;
  return [process.execPath, "--import", `data:text/javascript,${encodeURIComponent(code)}`];
}

/** This Node with old version numbers, and the old versions on the PATH, which lack syntax and modules. */
export const oldNodes: readonly OldNode[] = [
  ...["18.20.8", "22.22.1", "22.9.3", "23.11.1"].map((version) => ({
    version,
    runtime: withVersion(version),
  })),
  ...installedNodes(),
];

function installedNodes(): readonly OldNode[] {
  const folders = (process.env["PATH"] ?? "").split(path.delimiter);
  const files = folders.flatMap((folder) => executable(path.join(folder, "node")));
  return [...new Set(files)].flatMap((file) => {
    const version = versionOf(file);
    return Number.parseInt(version, 10) < 22 ? [{ version, runtime: [file] as const }] : [];
  });
}

/** Resolves links; undefined for missing files. */
function executable(file: string): readonly string[] {
  try {
    accessSync(file, constants.X_OK);
    return [realpathSync(file)];
  } catch {
    return [];
  }
}

function versionOf(file: string): string {
  return execFileSync(file, ["-p", "process.versions.node"], { encoding: "utf8" }).trim();
}
