import path from "node:path";

import type { Command } from "commander";

export interface AuthFileFlags {
  readonly authfile?: string;
}

/** The flags of commands that change a file of credentials. */
export interface KeepingFlags extends AuthFileFlags {
  readonly compatAuthFile?: string;
}

export function addKeepingFlags(command: Command): void {
  command
    .option("--authfile <file>", "the file to keep credentials in")
    .option("--compat-auth-file <file>", "a file of docker's to keep credentials in instead");
}

/** The one file to read; undefined for the usual ones. */
export function authFileOf({ authfile }: AuthFileFlags): string | undefined {
  return authfile ?? (process.env["REGISTRY_AUTH_FILE"] || undefined);
}

/** Where to keep credentials, as skopeo has it: docker's own file where `DOCKER_CONFIG` tells where that is. */
export function keepingOf({ authfile, compatAuthFile }: KeepingFlags): {
  readonly authFile?: string | undefined;
  readonly compatAuthFile?: string | undefined;
} {
  if (compatAuthFile !== undefined) return { authFile: authfile, compatAuthFile };
  const folder = process.env["DOCKER_CONFIG"] || undefined;
  return {
    authFile:
      authFileOf({ ...(authfile && { authfile }) }) ?? (folder && path.join(folder, "config.json")),
  };
}
