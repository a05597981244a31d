import type { NamedReference, OperationOptions } from "@drayage/core";
import { untilAborted } from "@drayage/transport-kit/wire";

import type { DockerSettings } from "../docker-settings.ts";
import { HTTPClient } from "../http/http-client.ts";
import { locationsOf } from "../registries-conf/physical-location.ts";
import type { PhysicalLocation } from "../registries-conf/physical-location.ts";
import { loadRegistriesConf } from "../registries-conf/registries-conf.ts";
import type { RegistriesConf } from "../registries-conf/registries-conf.ts";
import { loadRegistriesD } from "../signatures/registries-d.ts";
import type { RegistriesD } from "../signatures/registries-d.ts";
import { signatureStorageOf } from "../signatures/signature-storage.ts";
import type { SignatureStorage } from "../signatures/signature-storage.ts";
import type { Repositories } from "./fail-over.ts";
import { Registry } from "./registry.ts";
import { Repository } from "./repository.ts";

const defaultParallelBlobs = 64;

/** The registries of one `docker()`. The state of each registry is shared by all its images. */
export class Registries {
  readonly parallelBlobs: number;
  readonly #settings: DockerSettings;
  readonly client: HTTPClient;
  readonly #known = new Map<string, Registry>();
  #conf: Promise<RegistriesConf> | undefined;
  #signatures: Promise<RegistriesD> | undefined;

  constructor(settings: DockerSettings) {
    this.parallelBlobs = settings.parallelBlobs ?? defaultParallelBlobs;
    this.#settings = settings;
    this.client = new HTTPClient(settings);
  }

  /** Keeps connections open until disposal. Every sender holds one. */
  use(): AsyncDisposable {
    return this.client.use();
  }

  /** The repositories that an image is read from, mirrors first. @throws ImageError `unsupported` for an invalid registries.conf */
  async repositoriesToRead(
    image: NamedReference,
    options: OperationOptions,
  ): Promise<Repositories> {
    const conf = await this.#registriesConf(options);
    const { mirrors, itself } = locationsOf(conf, image);
    return [...mirrors, itself].map((location) => this.#repositoryAt(location, image, conf));
  }

  /** The repository of an image, without mirrors. @throws ImageError as `repositoriesToRead` */
  async repositoryToWrite(image: NamedReference, options: OperationOptions): Promise<Repository> {
    const conf = await this.#registriesConf(options);
    return this.#repositoryAt(locationsOf(conf, image).itself, image, conf);
  }

  /** The signature stores of an image, by its original name. @throws ImageError `unsupported` */
  async signatureStorage(
    image: NamedReference,
    { signal }: OperationOptions,
  ): Promise<SignatureStorage> {
    const conf = await untilAborted((this.#signatures ??= loadRegistriesD(this.#settings)), signal);
    return signatureStorageOf(conf, image, this.#settings.system ?? {});
  }

  /** Reads the files once for all images. An abort ends only the waiting, because other images need the result. */
  async #registriesConf({ signal }: OperationOptions): Promise<RegistriesConf> {
    return untilAborted((this.#conf ??= loadRegistriesConf(this.#settings)), signal);
  }

  #repositoryAt(
    { named, insecure: isInsecure, requiresTLS, isMirror, blockedIn }: PhysicalLocation,
    image: NamedReference,
    { credentialHelpers }: RegistriesConf,
  ): Repository {
    const host = named.domain;
    const insecure = isInsecure || (requiresTLS ? false : undefined);
    const isAlternateHost = host !== image.domain;
    const key = JSON.stringify([host, insecure, isAlternateHost]);
    const location = { host, insecure, isAlternateHost, credentialHelpers };
    const registry = this.#known.get(key) ?? new Registry(location, this.client, this.#settings);
    this.#known.set(key, registry);
    return new Repository(registry, named, { image, isMirror, blockedIn });
  }
}
