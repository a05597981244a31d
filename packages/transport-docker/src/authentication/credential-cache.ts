import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { readAuthFile } from "../credentials/auth-file.ts";
import { findCredentials } from "../credentials/find-credentials.ts";
import type { DockerAuthConfig, DockerSettings } from "../docker-settings.ts";
import { SharedOperation } from "./shared-operation.ts";

type Found = DockerAuthConfig | undefined;

/** The host of the credentials. */
export interface CredentialHost {
  /** The domain in references. */
  readonly host: string;
  /** Whether references name another host, such as for a mirror. */
  readonly isAlternateHost: boolean;
  /** As in `CredentialSettings`. */
  readonly credentialHelpers?: readonly string[] | undefined;
}

/** The credentials for one host, looked up once for each repository and again after an error response. */
export class CredentialCache {
  readonly #host: CredentialHost;
  readonly #settings: DockerSettings;
  readonly #found = new Map<string | undefined, SharedOperation<Found>>();
  /** Replacements of identity tokens by a token server. */
  readonly #renewed = new Map<string, string>();

  constructor(host: CredentialHost, settings: DockerSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  async get(
    repository: string | undefined,
    { signal, onNotice }: OperationOptions,
  ): Promise<Found> {
    const known = this.#found.get(repository);
    const lookup = known?.isAborted === false ? known : this.#lookUp(repository, onNotice);
    const found = await lookup.wait(signal);
    return found && "identityToken" in found ? this.#newest(found.identityToken) : found;
  }

  /** Removes rejected credentials, so that the next request looks them up again. */
  forget(repository: string | undefined): void {
    this.#found.delete(repository);
    this.#renewed.clear();
  }

  /** Replaces an identity token. A token server may invalidate the old one (RFC 6749, section 6). */
  renew(identityToken: string, replacement: string): void {
    this.#renewed.delete(replacement);
    if (replacement !== identityToken) this.#renewed.set(identityToken, replacement);
  }

  #lookUp(
    repository: string | undefined,
    onNotice: OperationOptions["onNotice"],
  ): SharedOperation<Found> {
    const lookup = new SharedOperation(async (signal) =>
      this.#find(repository, { signal, onNotice }),
    );
    this.#found.set(repository, lookup);
    lookup.result.catch(() => {
      if (this.#found.get(repository) === lookup) this.#found.delete(repository);
    });
    return lookup;
  }

  async #find(repository: string | undefined, options: OperationOptions): Promise<Found> {
    const { registryToken, credentials, authFile } = this.#settings;
    const { host, isAlternateHost, credentialHelpers } = this.#host;
    if (!isAlternateHost && registryToken !== undefined) return { registryToken };
    if (typeof credentials === "function") return credentials(host, repository);
    if (!isAlternateHost && credentials !== undefined) return credentials;
    if (authFile !== undefined) await rejectMissing(authFile);
    const name = repository === undefined ? host : `${host}/${repository}`;
    return findCredentials(name, { ...this.#settings, credentialHelpers, ...options });
  }

  #newest(identityToken: string): DockerAuthConfig {
    const renewed = this.#renewed.get(identityToken);
    return renewed === undefined ? { identityToken } : this.#newest(renewed);
  }
}

async function rejectMissing(authFile: string): Promise<void> {
  if ((await readAuthFile({ path: authFile })) !== undefined) return;
  throw new ImageError(
    "unsupported",
    `The auth file ${authFile} does not exist; log in to create it, or name another file`,
  );
}
