import { ImageError, isJSONObject } from "@drayage/core";
import type { JSONObject, OperationOptions } from "@drayage/core";

import type { DockerAuthConfig } from "../docker-settings.ts";
import { encodeEntry } from "./auth-entry.ts";
import { writableAuthFile } from "./auth-file-places.ts";
import type { AuthFile } from "./auth-file.ts";
import { registryOf, serverOf } from "./auth-keys.ts";
import { storeInHelper } from "./credential-helper.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import { checkCredentialName } from "./credential-name.ts";
import { editAuthFile } from "./edit-auth-file.ts";
import { authFilesHelper, defaultHelpers, findHelper, helperOfConf } from "./find-credentials.ts";
import type { CredentialSettings } from "./find-credentials.ts";

/** Where credentials are to be kept. */
export interface KeepingSettings extends CredentialSettings {
  /** A file that docker reads too, in place of `authFile`: there Docker Hub has another name, and namespaces are none. */
  readonly compatAuthFile?: string | undefined;
}

/** A place that is to be changed. */
export interface Keeping {
  readonly file: string;
  /** As the file calls it. */
  readonly key: string;
  readonly helpers: readonly string[];
}

/**
 * Keeps credentials for a registry, a namespace or a repository, where podman, skopeo and docker find them: in the file,
 * or with the helper to which the file leaves them. Where, for people.
 * @throws ImageError `invalid-reference`, `unsupported` for a file that is broken and a helper that is missing, `denied`, `unavailable`
 */
export async function setCredentials(
  name: string,
  credentials: DockerAuthConfig,
  options: KeepingSettings & OperationOptions = {},
): Promise<string> {
  const { file, key, helpers } = await keepingOf(name, options);
  const failures: unknown[] = [];
  for (const helper of helpers) {
    try {
      if (helper === authFilesHelper) return await setInFile(file, key, credentials, options);
      return await setInHelper(helperOfConf(helper), name, credentials, options);
    } catch (error) {
      options.signal?.throwIfAborted();
      failures.push(error);
    }
  }
  throw failures[0];
}

/** @throws ImageError `invalid-reference`, `unsupported` */
export async function keepingOf(name: string, options: KeepingSettings): Promise<Keeping> {
  checkCredentialName(name);
  const { authFile, compatAuthFile, credentialHelpers = defaultHelpers } = options;
  if (compatAuthFile === undefined) {
    return { file: await writableAuthFile(options), key: name, helpers: credentialHelpers };
  }
  if (authFile !== undefined) {
    throw new ImageError("unsupported", "Credentials go into one file: name one, not two");
  }
  if (registryOf(name) !== name) {
    throw new ImageError(
      "unsupported",
      `docker keeps credentials for whole registries: write ${registryOf(name)}`,
    );
  }
  return { file: compatAuthFile, key: serverOf(name), helpers: defaultHelpers };
}

async function setInFile(
  path: string,
  key: string,
  credentials: DockerAuthConfig,
  options: KeepingSettings & OperationOptions,
): Promise<string> {
  let place = path;
  const set = async (file: AuthFile): Promise<JSONObject | undefined> => {
    const found = findHelper(file, key);
    const own = found === "none" ? undefined : found;
    const isFor = own?.server ?? key;
    const helper = own?.helper ?? (found === "none" ? undefined : storeOf(file));
    if (helper === undefined) return withEntry(file, key, encodeEntry(credentials));
    place = await setInHelper(helper, key, credentials, options, isFor);
    // Thereby docker knows that its helper has something.
    return own === undefined ? withEntry(file, key, {}) : undefined;
  };
  await editAuthFile(path, set, options);
  return place;
}

/** @throws ImageError `unsupported` for a namespace where the helper has the whole registry */
async function setInHelper(
  helper: CredentialHelper,
  name: string,
  credentials: DockerAuthConfig,
  options: KeepingSettings & OperationOptions,
  server: string = registryOf(name),
): Promise<string> {
  const program = `docker-credential-${helper.name}`;
  if (registryOf(server) === server && registryOf(name) !== name) {
    throw new ImageError(
      "unsupported",
      `${helper.namedIn} leaves ${server} to ${program}, which keeps nothing for a namespace: log in to ${server}`,
    );
  }
  await storeInHelper(helper, server, credentials, options);
  return program;
}

export function storeOf({ credsStore, path }: AuthFile): CredentialHelper | undefined {
  return credsStore === undefined ? undefined : { name: credsStore, namedIn: path };
}

const known = ["auth", "identitytoken", "registrytoken", "username", "password"];

/** What nobody here knows stays where it is. */
function withEntry({ auths, content }: AuthFile, key: string, entry: JSONObject): JSONObject {
  const before = auths[key];
  const kept = isJSONObject(before) ? before : {};
  const rest = Object.entries(kept).filter(([name]) => !known.includes(name));
  const changed = { ...Object.fromEntries(rest), ...entry };
  return { ...content, auths: { ...auths, [key]: changed } };
}
