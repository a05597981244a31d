import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { ImageError, implicitPathOf } from "@drayage/core";
import type { SystemContext } from "@drayage/core";
import { hasCode } from "@drayage/transport-kit/files";

/** A file that may hold credentials. */
export interface AuthFileLocation {
  readonly path: string;
  /** The legacy `.dockercfg` of docker: it holds only credentials, by registry. */
  readonly isLegacy?: boolean;
  /** Whether it is a default location; such a file may be missing or unreadable. */
  readonly isDefault?: boolean;
}

/** Settings of the credentials files. */
export interface AuthFileSettings {
  /**
   * The only file to use. Default: the files of podman and skopeo (containers-auth.json(5)), then the files of docker.
   */
  readonly authFile?: string | undefined;
  readonly system?: SystemContext | undefined;
}

/** The credentials files in lookup order. */
export function authFileLocations({
  authFile,
  system = {},
}: AuthFileSettings): readonly AuthFileLocation[] {
  if (authFile !== undefined) return [{ path: authFile }];
  const { environment = process.env } = system;
  const home = homeOf(system);
  const config = environment["XDG_CONFIG_HOME"] || path.join(home, ".config");
  const docker = environment["DOCKER_CONFIG"] || path.join(home, ".docker");
  return [
    { path: sessionFile(system), isDefault: true },
    { path: path.join(config, authJSON), isDefault: true },
    { path: path.join(docker, "config.json"), isDefault: true },
    { path: path.join(home, ".dockercfg"), isDefault: true, isLegacy: true },
  ];
}

/** The file for new credentials. @throws ImageError `unsupported` if `XDG_RUNTIME_DIR` is a missing folder */
export async function writableAuthFile({
  authFile,
  system = {},
}: AuthFileSettings): Promise<string> {
  if (authFile !== undefined) return authFile;
  const file = sessionFile(system);
  const folder = runtimeFolder(system);
  if (folder === undefined || (await exists(folder))) return file;
  throw new ImageError(
    "unsupported",
    `XDG_RUNTIME_DIR is ${folder}, which does not exist; create the folder, unset the variable, or name a file for the credentials`,
  );
}

const authJSON = "containers/auth.json";

/** On Linux, a file that is deleted when the session ends; other systems have no such location. */
function sessionFile(system: SystemContext): string {
  if (process.platform === "darwin" || process.platform === "win32") {
    return path.join(homeOf(system), ".config", authJSON);
  }
  const folder = runtimeFolder(system);
  if (folder !== undefined) return path.join(folder, authJSON);
  return implicitPathOf(`/run/containers/${process.getuid?.() ?? 0}/auth.json`, system);
}

/** `XDG_RUNTIME_DIR` does not apply to another root. */
function runtimeFolder({
  environment = process.env,
  rootForImplicitAbsolutePaths,
}: SystemContext): string | undefined {
  if (process.platform === "darwin" || process.platform === "win32") return undefined;
  return rootForImplicitAbsolutePaths === undefined
    ? environment["XDG_RUNTIME_DIR"] || undefined
    : undefined;
}

function homeOf({ environment = process.env }: SystemContext): string {
  return environment["HOME"] || homedir();
}

async function exists(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
