import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { isJSONObject } from "@drayage/core/json";
import type { JSONObject } from "@drayage/core/json";

import type { DockerAuthConfig } from "../docker-settings.ts";
import { encodeEntry } from "./auth-entry.ts";
import { writableAuthFile } from "./auth-file-locations.ts";
import type { AuthFile } from "./auth-file.ts";
import { registryOf, serverOf } from "./auth-keys.ts";
import { storeInHelper } from "./credential-helper.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import { checkCredentialName } from "./credential-name.ts";
import { editAuthFile } from "./edit-auth-file.ts";
import {
  authFilesHelper,
  defaultHelpers,
  findHelper,
  configuredHelper,
} from "./find-credentials.ts";
import type { CredentialSettings } from "./find-credentials.ts";

/** Settings of `setCredentials` and `removeCredentials`. */
export interface CredentialStoreSettings extends CredentialSettings {
  /**
   * A file shared with docker, instead of `authFile`. It uses the name of docker for Docker Hub and has no namespaces.
   */
  readonly compatAuthFile?: string | undefined;
}

/** The file and helpers to change. */
export interface CredentialStore {
  readonly file: string;
  /** The key in the file. */
  readonly key: string;
  readonly helpers: readonly string[];
}

/**
 * Stores credentials for a registry, a namespace or a repository, where podman, skopeo and docker find them: in the
 * file, or in the helper that the file configures. Returns the location, for messages.
 * @throws ImageError `invalid-reference`; `unsupported` for an invalid file and a missing helper; `denied`,
 * `unavailable`
 */
export async function setCredentials(
  name: string,
  credentials: DockerAuthConfig,
  options: CredentialStoreSettings & OperationOptions = {},
): Promise<string> {
  const { file, key, helpers } = await credentialStoreOf(name, options);
  const failures: unknown[] = [];
  for (const helper of helpers) {
    try {
      if (helper === authFilesHelper) return await storeInFile(file, key, credentials, options);
      return await storeWithHelper(configuredHelper(helper), name, credentials, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(error);
    }
  }
  throw failures[0];
}

/** @throws ImageError `invalid-reference`, `unsupported` */
export async function credentialStoreOf(
  name: string,
  options: CredentialStoreSettings,
): Promise<CredentialStore> {
  checkCredentialName(name);
  const { authFile, compatAuthFile, credentialHelpers = defaultHelpers } = options;
  if (compatAuthFile === undefined) {
    return { file: await writableAuthFile(options), key: name, helpers: credentialHelpers };
  }
  if (authFile !== undefined) {
    throw new ImageError(
      "unsupported",
      "Both authFile and compatAuthFile are set; set one of them",
    );
  }
  if (registryOf(name) !== name) {
    throw new ImageError(
      "unsupported",
      `docker stores credentials for whole registries; use ${registryOf(name)}`,
    );
  }
  return { file: compatAuthFile, key: serverOf(name), helpers: defaultHelpers };
}

async function storeInFile(
  path: string,
  key: string,
  credentials: DockerAuthConfig,
  options: CredentialStoreSettings & OperationOptions,
): Promise<string> {
  let location = path;
  const set = async (file: AuthFile): Promise<JSONObject | undefined> => {
    const found = findHelper(file, key);
    const own = found === "none" ? undefined : found;
    const isFor = own?.server ?? key;
    const helper = own?.helper ?? (found === "none" ? undefined : defaultHelperOf(file));
    if (helper === undefined) return withEntry(file, key, encodeEntry(credentials));
    location = await storeWithHelper(helper, key, credentials, options, isFor);
    // Without the empty entry, docker does not ask its helper.
    return own === undefined ? withEntry(file, key, {}) : undefined;
  };
  await editAuthFile(path, set, options);
  return location;
}

/** @throws ImageError `unsupported` for a namespace if the helper stores credentials for the whole registry */
async function storeWithHelper(
  helper: CredentialHelper,
  name: string,
  credentials: DockerAuthConfig,
  options: CredentialStoreSettings & OperationOptions,
  server: string = registryOf(name),
): Promise<string> {
  const program = `docker-credential-${helper.name}`;
  if (registryOf(server) === server && registryOf(name) !== name) {
    throw new ImageError(
      "unsupported",
      `${helper.configuredIn} configures ${program} for ${server}, which does not support namespaces; log in to ${server}`,
    );
  }
  await storeInHelper(helper, server, credentials, options);
  return program;
}

export function defaultHelperOf({ credsStore, path }: AuthFile): CredentialHelper | undefined {
  return credsStore === undefined ? undefined : { name: credsStore, configuredIn: path };
}

const known = ["auth", "identitytoken", "registrytoken", "username", "password"];

/** Keeps unknown fields. */
function withEntry({ auths, content }: AuthFile, key: string, entry: JSONObject): JSONObject {
  const before = auths[key];
  const kept = isJSONObject(before) ? before : {};
  const rest = Object.entries(kept).filter(([name]) => !known.includes(name));
  const changed = { ...Object.fromEntries(rest), ...entry };
  return { ...content, auths: { ...auths, [key]: changed } };
}
