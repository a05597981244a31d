import type { OperationOptions } from "@drayage/core";

import type { DockerAuthConfig } from "../docker-settings.ts";
import { decodeEntry } from "./auth-entry.ts";
import { authFilePlaces } from "./auth-file-places.ts";
import type { AuthFileSettings } from "./auth-file-places.ts";
import { readAuthFile } from "./auth-file.ts";
import type { AuthFile } from "./auth-file.ts";
import { findKey, registryOf, serverOf } from "./auth-keys.ts";
import { getFromHelper } from "./credential-helper.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import { checkCredentialName } from "./credential-name.ts";

/** Where credentials are kept. */
export interface CredentialSettings extends AuthFileSettings {
  /**
   * Who keeps credentials, in the order in which they are asked: programs `docker-credential-NAME`, and
   * `containers-auth.json` for the files (containers-registries.conf(5), `credential-helpers`). Default: the files.
   */
  readonly credentialHelpers?: readonly string[] | undefined;
}

/** Stands for the files among helpers. */
export const authFilesHelper = "containers-auth.json";
export const defaultHelpers: readonly string[] = [authFilesHelper];

/**
 * What is kept for a repository, or a registry: `quay.io/team/app`, `localhost:5000`. Where one place fails the next
 * is asked, and the failure counts when nothing was found anywhere.
 * @throws ImageError `invalid-reference`, `unsupported` for a file that is broken and a helper that is missing, `unavailable` for one that fails
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
          : await getFromHelper(helperOfConf(helper), registryOf(name), options);
      if (found !== undefined) return found;
    } catch (error) {
      signal?.throwIfAborted();
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
  return undefined;
}

/** A helper out of the list of all. */
export function helperOfConf(name: string): CredentialHelper {
  return { name, namedIn: "registries.conf" };
}

/** The helper to which a file leaves a registry, and what that calls it; `none` where it says that there is none. */
export function findHelper(
  { path, credHelpers, isLegacy }: AuthFile,
  name: string,
): { readonly helper: CredentialHelper; readonly server: string } | "none" | undefined {
  const server = findKey(credHelpers, name, isLegacy);
  const program = server === undefined ? undefined : credHelpers[server];
  if (server === undefined || program === undefined) return undefined;
  if (program === "") return "none";
  return { server, helper: { name: program, namedIn: path } };
}

async function findInFiles(
  name: string,
  options: AuthFileSettings & OperationOptions,
): Promise<DockerAuthConfig | undefined> {
  for (const place of authFilePlaces(options)) {
    options.signal?.throwIfAborted();
    const file = await readAuthFile(place, options);
    const found = file && (await findInFile(name, file, options));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A helper for the registry knows all there is to know; that for all others is asked last. */
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
  const helper = { name: file.credsStore, namedIn: file.path };
  return getFromHelper(helper, key ?? serverOf(registryOf(name)), options);
}
