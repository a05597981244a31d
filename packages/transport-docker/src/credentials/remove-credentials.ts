import type { OperationOptions } from "@drayage/core";
import type { JSONObject } from "@drayage/core/json";

import { writableAuthFile } from "./auth-file-locations.ts";
import { readAuthFile } from "./auth-file.ts";
import type { AuthFile } from "./auth-file.ts";
import { isOfRegistry, registryOf, serverOf } from "./auth-keys.ts";
import { eraseFromHelper, listServers } from "./credential-helper.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import { editAuthFile } from "./edit-auth-file.ts";
import { authFilesHelper, defaultHelpers, configuredHelper } from "./find-credentials.ts";
import { credentialStoreOf, defaultHelperOf } from "./set-credentials.ts";
import type { CredentialStoreSettings } from "./set-credentials.ts";

type Options = CredentialStoreSettings & OperationOptions;

/**
 * Removes the credentials of a name from the file and from all helpers. Returns false if there were none.
 * @throws ImageError as `setCredentials`
 */
export async function removeCredentials(
  name: string,
  options: CredentialStoreSettings & OperationOptions = {},
): Promise<boolean> {
  const { file, helpers } = await credentialStoreOf(name, options);
  let removed = false;
  for (const helper of helpers) {
    const isErased =
      helper === authFilesHelper
        ? await removeFromFile(file, name, options)
        : registryOf(name) === name &&
          (await eraseFromHelper(configuredHelper(helper), name, options));
    removed ||= isErased;
  }
  return removed;
}

/**
 * Removes all credentials from the file that `setCredentials` writes, from the helpers that it configures, and from
 * the helpers in the settings.
 * @throws ImageError as `setCredentials`
 */
export async function removeAllCredentials(
  options: CredentialStoreSettings & OperationOptions = {},
): Promise<void> {
  const { compatAuthFile, credentialHelpers = defaultHelpers } = options;
  const file = compatAuthFile ?? (await writableAuthFile(options));
  for (const helper of compatAuthFile === undefined ? credentialHelpers : defaultHelpers) {
    if (helper === authFilesHelper) await removeAllFromFile(file, options);
    else await eraseAll(configuredHelper(helper), options);
  }
}

async function removeFromFile(path: string, name: string, options: Options): Promise<boolean> {
  if ((await readAuthFile({ path }, options)) === undefined) return false;
  let removed = false;
  const remove = async (file: AuthFile): Promise<JSONObject | undefined> => {
    for (const { helper, server } of helpersFor(file, name)) {
      if (await eraseFromHelper(helper, server, options)) removed = true;
    }
    const kept = Object.entries(file.auths).filter(([key]) => !isFor(key, name));
    if (kept.length === Object.keys(file.auths).length) return undefined;
    removed = true;
    return { ...file.content, auths: Object.fromEntries(kept) };
  };
  await editAuthFile(path, remove, options);
  return removed;
}

/** The helpers for this name in any spelling, and `credsStore`. */
function helpersFor(
  file: AuthFile,
  name: string,
): readonly { readonly helper: CredentialHelper; readonly server: string }[] {
  const own = Object.entries(file.credHelpers).filter(
    ([key, program]) => program !== "" && isFor(key, name),
  );
  const store = defaultHelperOf(file);
  const noted = Object.keys(file.auths).filter((key) => isFor(key, name));
  const servers = store === undefined ? [] : new Set([...noted, serverOf(name)]);
  return [
    ...own.map(([server, program]) => ({
      server,
      helper: { name: program, configuredIn: file.path },
    })),
    ...[...servers].flatMap((server) => (store === undefined ? [] : [{ server, helper: store }])),
  ];
}

function isFor(key: string, name: string): boolean {
  return key === name || (registryOf(name) === name && isOfRegistry(key, name));
}

async function removeAllFromFile(path: string, options: Options): Promise<void> {
  if ((await readAuthFile({ path }, options)) === undefined) return;
  const remove = async (file: AuthFile): Promise<JSONObject> => {
    for (const [server, name] of Object.entries(file.credHelpers)) {
      if (name === "") continue;
      await eraseFromHelper({ name, configuredIn: path }, server, options);
    }
    const store = defaultHelperOf(file);
    if (store !== undefined) await eraseAll(store, options);
    return { ...file.content, auths: {} };
  };
  await editAuthFile(path, remove, options);
}

async function eraseAll(helper: CredentialHelper, options: Options): Promise<void> {
  for (const server of await listServers(helper, options)) {
    await eraseFromHelper(helper, server, options);
  }
}
