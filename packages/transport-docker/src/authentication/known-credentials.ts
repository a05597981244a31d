import { ImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import { readAuthFile } from "../credentials/auth-file.ts";
import { findCredentials } from "../credentials/find-credentials.ts";
import type { DockerAuthConfig, DockerSettings } from "../docker-settings.ts";
import { SharedWork } from "./shared-work.ts";

type Found = DockerAuthConfig | undefined;

/** Whose credentials these are. */
export interface KnownHost {
  /** As references name it. */
  readonly host: string;
  /** Whether references name another host, which this one stands in for. */
  readonly isStandIn: boolean;
  /** Who keeps credentials, as `findCredentials` takes it. */
  readonly credentialHelpers?: readonly string[] | undefined;
}

/** Who one is to one host: asked once for each repository, and again after a refusal. */
export class KnownCredentials {
  readonly #host: KnownHost;
  readonly #settings: DockerSettings;
  readonly #found = new Map<string | undefined, SharedWork<Found>>();
  /** Identity tokens that a token server replaced, and by what. */
  readonly #renewed = new Map<string, string>();

  constructor(host: KnownHost, settings: DockerSettings) {
    this.#host = host;
    this.#settings = settings;
  }

  async get(
    repository: string | undefined,
    { signal, onNotice }: OperationOptions,
  ): Promise<Found> {
    const known = this.#found.get(repository);
    const work = known?.isAborted === false ? known : this.#lookUp(repository, onNotice);
    const found = await work.wait(signal);
    return found && "identityToken" in found ? this.#newest(found.identityToken) : found;
  }

  /** After a refusal: whoever asks next may get better ones. */
  forget(repository: string | undefined): void {
    this.#found.delete(repository);
    this.#renewed.clear();
  }

  /** A token server may give a new identity token, and take the old one no longer (RFC 6749, section 6). */
  renew(identityToken: string, by: string): void {
    this.#renewed.delete(by);
    if (by !== identityToken) this.#renewed.set(identityToken, by);
  }

  #lookUp(
    repository: string | undefined,
    onNotice: OperationOptions["onNotice"],
  ): SharedWork<Found> {
    const work = new SharedWork(async (signal) => this.#ask(repository, { signal, onNotice }));
    this.#found.set(repository, work);
    work.result.catch(() => {
      if (this.#found.get(repository) === work) this.#found.delete(repository);
    });
    return work;
  }

  async #ask(repository: string | undefined, options: OperationOptions): Promise<Found> {
    const { registryToken, credentials, authFile } = this.#settings;
    const { host, isStandIn, credentialHelpers } = this.#host;
    if (!isStandIn && registryToken !== undefined) return { registryToken };
    if (typeof credentials === "function") return credentials(host, repository);
    if (!isStandIn && credentials !== undefined) return credentials;
    if (authFile !== undefined) await refuseMissing(authFile);
    const name = repository === undefined ? host : `${host}/${repository}`;
    return findCredentials(name, { ...this.#settings, credentialHelpers, ...options });
  }

  #newest(identityToken: string): DockerAuthConfig {
    const renewed = this.#renewed.get(identityToken);
    return renewed === undefined ? { identityToken } : this.#newest(renewed);
  }
}

async function refuseMissing(authFile: string): Promise<void> {
  if ((await readAuthFile({ path: authFile })) !== undefined) return;
  throw new ImageError("unsupported", `There is no file ${authFile} to read credentials from`);
}
