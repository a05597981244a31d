import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";

import { ImageError, implicitPathOf } from "@drayage/core";
import type { SystemContext } from "@drayage/core";
import { hasCode } from "@drayage/transport-kit/files";

/** A file that may have credentials in it. */
export interface AuthFilePlace {
  readonly path: string;
  /** docker's old `.dockercfg`: it has nothing but credentials, and by registry alone. */
  readonly isLegacy?: boolean;
  /** True for a default location: such a file may be missing or unreadable. */
  readonly isDefault?: boolean;
}

/** Which files have credentials in them. */
export interface AuthFileSettings {
  /** This one and no other. Default: those of podman and skopeo (containers-auth.json(5)), then those of docker. */
  readonly authFile?: string | undefined;
  readonly system?: SystemContext | undefined;
}

/** Where credentials are looked for, in this order. */
export function authFilePlaces({
  authFile,
  system = {},
}: AuthFileSettings): readonly AuthFilePlace[] {
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

/** Where new credentials go. @throws ImageError `unsupported` where `XDG_RUNTIME_DIR` is a folder that is not there */
export async function writableAuthFile({
  authFile,
  system = {},
}: AuthFileSettings): Promise<string> {
  if (authFile !== undefined) return authFile;
  const file = sessionFile(system);
  const folder = runtimeFolder(system);
  if (folder === undefined || (await isThere(folder))) return file;
  throw new ImageError(
    "unsupported",
    `XDG_RUNTIME_DIR is ${folder}, which is not there: make that folder, unset the variable, or name a file for the credentials`,
  );
}

const authJSON = "containers/auth.json";

/** Lost when the user's session or the machine ends; elsewhere than on Linux, and its like, there is no such place. */
function sessionFile(system: SystemContext): string {
  if (process.platform === "darwin" || process.platform === "win32") {
    return path.join(homeOf(system), ".config", authJSON);
  }
  const folder = runtimeFolder(system);
  if (folder !== undefined) return path.join(folder, authJSON);
  return implicitPathOf(`/run/containers/${process.getuid?.() ?? 0}/auth.json`, system);
}

/** Another root has another one, which no variable tells. */
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

async function isThere(folder: string): Promise<boolean> {
  try {
    await stat(folder);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
