import type { OperationOptions } from "@drayage/core";

import type { DockerAuthConfig } from "../docker-settings.ts";
import { decodeEntry } from "./auth-entry.ts";
import { authFileLocations } from "./auth-file-locations.ts";
import type { AuthFileSettings } from "./auth-file-locations.ts";
import { readAuthFile } from "./auth-file.ts";
import type { AuthFile } from "./auth-file.ts";
import { findKey, registryOf, serverOf } from "./auth-keys.ts";
import { getFromHelper } from "./credential-helper.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import { checkCredentialName } from "./credential-name.ts";

/** Settings of `findCredentials`. */
export interface CredentialSettings extends AuthFileSettings {
  /**
   * The credential helpers in lookup order: programs `docker-credential-NAME`, and `containers-auth.json` for the
   * files (containers-registries.conf(5), `credential-helpers`). Default: the files.
   */
  readonly credentialHelpers?: readonly string[] | undefined;
}

/** The helper name that stands for the credentials files. */
export const authFilesHelper = "containers-auth.json";
export const defaultHelpers: readonly string[] = [authFilesHelper];

/**
 * Finds the credentials of a repository or a registry: `quay.io/team/app`, `localhost:5000`. If a store fails, the
 * next one is read; the first failure is thrown if no store has credentials.
 * @throws ImageError `invalid-reference`; `unsupported` for an invalid file and a missing helper; `unavailable` for a
 * helper that fails
 */
export async function findCredentials(
  name: string,
  options: CredentialSettings & OperationOptions = {},
): Promise<DockerAuthConfig | undefined> {
  checkCredentialName(name);
  const { credentialHelpers = defaultHelpers, signal } = options;
  const failures: unknown[] = [];
  for (const helper of credentialHelpers) {
    try {
      const found =
        helper === authFilesHelper
          ? await findInFiles(name, options)
          : await getFromHelper(configuredHelper(helper), registryOf(name), options);
      if (found !== undefined) return found;
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return undefined;
}

/** A helper of the configured list. */
export function configuredHelper(name: string): CredentialHelper {
  return { name, configuredIn: "registries.conf" };
}

/**
 * The helper that a file configures for a registry, and its name for the registry; `none` if the file disables helpers
 * for it.
 */
export function findHelper(
  { path, credHelpers, isLegacy }: AuthFile,
  name: string,
): { readonly helper: CredentialHelper; readonly server: string } | "none" | undefined {
  const server = findKey(credHelpers, name, isLegacy);
  const program = server === undefined ? undefined : credHelpers[server];
  if (server === undefined || program === undefined) return undefined;
  if (program === "") return "none";
  return { server, helper: { name: program, configuredIn: path } };
}

async function findInFiles(
  name: string,
  options: AuthFileSettings & OperationOptions,
): Promise<DockerAuthConfig | undefined> {
  for (const location of authFileLocations(options)) {
    options.signal?.throwIfAborted();
    const file = await readAuthFile(location, options);
    const found = file && (await findInFile(name, file, options));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A helper for the registry takes precedence over entries; `credsStore` is read last. */
async function findInFile(
  name: string,
  file: AuthFile,
  options: AuthFileSettings & OperationOptions,
): Promise<DockerAuthConfig | undefined> {
  const own = findHelper(file, name);
  if (own !== undefined && own !== "none") return getFromHelper(own.helper, own.server, options);
  const key = findKey(file.auths, name, file.isLegacy);
  const found = key === undefined ? undefined : decodeEntry(file, key);
  if (found !== undefined || file.credsStore === undefined || own === "none") return found;
  const helper = { name: file.credsStore, configuredIn: file.path };
  return getFromHelper(helper, key ?? serverOf(registryOf(name)), options);
}
