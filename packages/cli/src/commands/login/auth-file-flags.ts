import path from "node:path";

import type { CredentialStoreSettings } from "@drayage/transport-docker";
import type { Command } from "commander";

import type { GlobalFlags } from "../../flags/global-flags.ts";

/** Flags of the commands that change a credentials file. */
export interface AuthFileFlags {
  readonly authfile?: string;
  readonly compatAuthFile?: string;
}

export function addAuthFileFlags(command: Command): void {
  command
    .option("--authfile <file>", "the credentials file")
    .option("--compat-auth-file <file>", "a credentials file in docker's format to use instead");
}

/**
 * The locations in which skopeo stores credentials: docker's own file if `DOCKER_CONFIG` is set, otherwise what
 * registries.conf names.
 */
export async function authFileSettings({
  authfile,
  compatAuthFile,
  registriesConf,
}: AuthFileFlags & Pick<GlobalFlags, "registriesConf">): Promise<CredentialStoreSettings> {
  if (compatAuthFile !== undefined) return { authFile: authfile, compatAuthFile };
  const { readCredentialHelpers } = await import("@drayage/transport-docker");
  const folder = process.env["DOCKER_CONFIG"] || undefined;
  return {
    authFile: authfile ?? fileOfVariable() ?? (folder && path.join(folder, "config.json")),
    credentialHelpers: await readCredentialHelpers({ registriesConf }),
  };
}

/** The credentials file that REGISTRY_AUTH_FILE names. */
export function fileOfVariable(): string | undefined {
  return process.env["REGISTRY_AUTH_FILE"] || undefined;
}
