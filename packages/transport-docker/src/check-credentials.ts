import { ImageError, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";
import { untilAborted } from "@drayage/transport-kit/wire";

import { registryOf } from "./credentials/auth-keys.ts";
import { checkCredentialName } from "./credentials/credential-name.ts";
import type { DockerAuthConfig, DockerSettings } from "./docker-settings.ts";
import { HTTPClient } from "./http/http-client.ts";
import { readErrorResponse, registryError } from "./http/registry-error.ts";
import { findEntry } from "./registries-conf/physical-location.ts";
import { loadRegistriesConf } from "./registries-conf/registries-conf.ts";
import { Registry } from "./registry/registry.ts";

/**
 * Checks credentials with the registry of a name, `quay.io` or `quay.io/team`. A registry without authentication accepts
 * all credentials.
 * @throws ImageError `denied` for rejected credentials; `untrusted` for a registry that registries.conf blocks;
 * `invalid-reference`, `unavailable`, `unsupported`
 */
export async function checkCredentials(
  name: string,
  credentials: DockerAuthConfig,
  settings: Omit<DockerSettings, "credentials" | "authFile" | "registryToken"> = {},
  options: OperationOptions = {},
): Promise<void> {
  checkCredentialName(name);
  const host = registryOf(name);
  const named = { domain: host, path: name.slice(host.length + 1) };
  const conf = await untilAborted(loadRegistriesConf(settings), options.signal);
  const entry = findEntry(conf, named);
  if (entry?.blocked)
    throw new ImageError(
      "untrusted",
      `${name} is blocked in ${entry.file}; to allow it, remove "blocked" there`,
    );
  const client = new HTTPClient(settings);
  await using _ = client.use();
  const location = { host, insecure: entry?.insecure || (entry?.requiresTLS ? false : undefined) };
  const registry = new Registry(location, client, { ...settings, credentials });
  try {
    const request = { method: "GET", target: "/v2/", scopes: [] } as const;
    const response = await registry.request({ ...options, ...request });
    if (response.status === 200) await response.discard();
    else throw registryError(await readErrorResponse(response), `log in to ${host}`);
  } catch (cause) {
    if (!isImageError(cause, "denied") || !("status" in cause)) throw cause;
    const description =
      "username" in credentials ? "this user name and password" : "these credentials";
    throw new ImageError("denied", `${host} does not accept ${description}`, { cause });
  }
}
