import path from "node:path";

import type { KeepingSettings } from "@drayage/transport-docker";
import type { Command } from "commander";

import type { GlobalFlags } from "../../flags/global-flags.ts";

/** The flags of commands that change a file of credentials. */
export interface KeepingFlags {
  readonly authfile?: string;
  readonly compatAuthFile?: string;
}

export function addKeepingFlags(command: Command): void {
  command
    .option("--authfile <file>", "the file to keep credentials in")
    .option("--compat-auth-file <file>", "a file of docker's to keep credentials in instead");
}

/**
 * Where to keep credentials, as skopeo has it: docker's own file where `DOCKER_CONFIG` tells where that is, else with
 * whom registries.conf says.
 */
export async function keepingOf({
  authfile,
  compatAuthFile,
  registriesConf,
}: KeepingFlags & Pick<GlobalFlags, "registriesConf">): Promise<KeepingSettings> {
  if (compatAuthFile !== undefined) return { authFile: authfile, compatAuthFile };
  const { readCredentialHelpers } = await import("@drayage/transport-docker");
  const folder = process.env["DOCKER_CONFIG"] || undefined;
  return {
    authFile: authfile ?? fileOfVariable() ?? (folder && path.join(folder, "config.json")),
    credentialHelpers: await readCredentialHelpers({ registriesConf }),
  };
}

/** The file for credentials that the variable REGISTRY_AUTH_FILE names. */
export function fileOfVariable(): string | undefined {
  return process.env["REGISTRY_AUTH_FILE"] || undefined;
}
