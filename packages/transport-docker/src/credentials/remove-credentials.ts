import type { JSONObject, OperationOptions } from "@drayage/core";

import { writableAuthFile } from "./auth-file-places.ts";
import { readAuthFile } from "./auth-file.ts";
import type { AuthFile } from "./auth-file.ts";
import { isOfRegistry, registryOf, serverOf } from "./auth-keys.ts";
import { eraseFromHelper, listOfHelper } from "./credential-helper.ts";
import type { CredentialHelper } from "./credential-helper.ts";
import { editAuthFile } from "./edit-auth-file.ts";
import { authFilesHelper, defaultHelpers, helperOfConf } from "./find-credentials.ts";
import { keepingOf, storeOf } from "./keep-credentials.ts";
import type { KeepingSettings } from "./keep-credentials.ts";

type Options = KeepingSettings & OperationOptions;

/**
 * Forgets what `setCredentials` kept for this name, in the file and with every helper. False where there was nothing.
 * @throws ImageError as `setCredentials`
 */
export async function removeCredentials(
  name: string,
  options: KeepingSettings & OperationOptions = {},
): Promise<boolean> {
  const { file, helpers } = await keepingOf(name, options);
  let wasThere = false;
  for (const helper of helpers) {
    const isGone =
      helper === authFilesHelper
        ? await removeFromFile(file, name, options)
        : registryOf(name) === name && (await eraseFromHelper(helperOfConf(helper), name, options));
    wasThere ||= isGone;
  }
  return wasThere;
}

/**
 * Forgets everything in the file that `setCredentials` writes, and what the helpers keep that are named there and in the list.
 * @throws ImageError as `setCredentials`
 */
export async function removeAllCredentials(
  options: KeepingSettings & OperationOptions = {},
): Promise<void> {
  const { compatAuthFile, credentialHelpers = defaultHelpers } = options;
  const file = compatAuthFile ?? (await writableAuthFile(options));
  for (const helper of compatAuthFile === undefined ? credentialHelpers : defaultHelpers) {
    if (helper === authFilesHelper) await removeAllFromFile(file, options);
    else await eraseAll(helperOfConf(helper), options);
  }
}

async function removeFromFile(path: string, name: string, options: Options): Promise<boolean> {
  if ((await readAuthFile({ path }, options)) === undefined) return false;
  let wasThere = false;
  const remove = async (file: AuthFile): Promise<JSONObject | undefined> => {
    for (const { helper, server } of helpersFor(file, name)) {
      if (await eraseFromHelper(helper, server, options)) wasThere = true;
    }
    const kept = Object.entries(file.auths).filter(([key]) => !isFor(key, name));
    if (kept.length === Object.keys(file.auths).length) return undefined;
    wasThere = true;
    return { ...file.content, auths: Object.fromEntries(kept) };
  };
  await editAuthFile(path, remove, options);
  return wasThere;
}

/** Those of this very name, however the file writes it, and the one that has whatever no other has. */
function helpersFor(
  file: AuthFile,
  name: string,
): readonly { readonly helper: CredentialHelper; readonly server: string }[] {
  const own = Object.entries(file.credHelpers).filter(
    ([key, program]) => program !== "" && isFor(key, name),
  );
  const store = storeOf(file);
  const noted = Object.keys(file.auths).filter((key) => isFor(key, name));
  const servers = store === undefined ? [] : new Set([...noted, serverOf(name)]);
  return [
    ...own.map(([server, program]) => ({ server, helper: { name: program, namedIn: file.path } })),
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
      await eraseFromHelper({ name, namedIn: path }, server, options);
    }
    const store = storeOf(file);
    if (store !== undefined) await eraseAll(store, options);
    return { ...file.content, auths: {} };
  };
  await editAuthFile(path, remove, options);
}

async function eraseAll(helper: CredentialHelper, options: Options): Promise<void> {
  for (const server of await listOfHelper(helper, options)) {
    await eraseFromHelper(helper, server, options);
  }
}
