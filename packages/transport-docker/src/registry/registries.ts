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
import type { Places } from "./fail-over.ts";
import { Registry } from "./registry.ts";
import { Repository } from "./repository.ts";

const defaultParallelBlobs = 64;

/** All registries that one `docker()` speaks to; what it learned of each serves every image. */
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

  /** To be held by whoever sends, until disposed of. */
  use(): AsyncDisposable {
    return this.client.use();
  }

  /** Where an image may be read: mirrors first. @throws ImageError `unsupported` for a registries.conf that is broken */
  async placesToRead(image: NamedReference, options: OperationOptions): Promise<Places> {
    const conf = await this.#registriesConf(options);
    const { mirrors, itself } = locationsOf(conf, image);
    return [...mirrors, itself].map((place) => this.#repositoryAt(place, image, conf));
  }

  /** The one place where an image is kept. @throws ImageError as `placesToRead` */
  async placeToWrite(image: NamedReference, options: OperationOptions): Promise<Repository> {
    const conf = await this.#registriesConf(options);
    return this.#repositoryAt(locationsOf(conf, image).itself, image, conf);
  }

  /** Where the signatures of an image are, by the name that its user gave it. @throws ImageError `unsupported` */
  async signatureStorage(
    image: NamedReference,
    { signal }: OperationOptions,
  ): Promise<SignatureStorage> {
    const conf = await untilAborted((this.#signatures ??= loadRegistriesD(this.#settings)), signal);
    return signatureStorageOf(conf, image, this.#settings.system ?? {});
  }

  /** Read once for all images; the abort of one of them does not end the reading, which may wait for a pipe. */
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
    const isStandIn = host !== image.domain;
    const key = JSON.stringify([host, insecure, isStandIn]);
    const place = { host, insecure, isStandIn, credentialHelpers };
    const registry = this.#known.get(key) ?? new Registry(place, this.client, this.#settings);
    this.#known.set(key, registry);
    return new Repository(registry, named, { image, isMirror, blockedIn });
  }
}
