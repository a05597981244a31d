import { existsSync } from "node:fs";
import path from "node:path";

import type { DockerSettings, KeepingSettings } from "@drayage/transport-docker";
import type { Command } from "commander";

import type { GlobalFlags } from "./global-flags.ts";

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
 * Where to look credentials up. The variable may name a file that only a login makes: nobody is logged in as long as it
 * is not there.
 */
export function lookupOf(
  authFile: string | undefined,
): Partial<Pick<DockerSettings, "authFile" | "credentials">> {
  const file = authFile ?? fromVariable();
  if (file === undefined) return {};
  const isYetToCome = authFile === undefined && !existsSync(file);
  return isYetToCome ? { credentials: () => undefined } : { authFile: file };
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
    authFile: authfile ?? fromVariable() ?? (folder && path.join(folder, "config.json")),
    credentialHelpers: await readCredentialHelpers({ registriesConf }),
  };
}

function fromVariable(): string | undefined {
  return process.env["REGISTRY_AUTH_FILE"] || undefined;
}
