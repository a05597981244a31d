import type {
  DeleteImageOptions,
  ImageDestination,
  ImageReference,
  ImageSource,
  ImageTransport,
  NamedReference,
  NewImageSourceOptions,
  OperationOptions,
} from "@drayage/core";
import {
  dockerPolicyIdentity,
  dockerPolicyNamespaces,
  formatFamiliar,
} from "@drayage/core/reference";

import { DockerDestination } from "./docker-destination.ts";
import { DockerSource } from "./docker-source.ts";
import { listTags } from "./listings/tag-list.ts";
import { deleteManifest } from "./manifests/image-deletion.ts";
import { listFromFirst } from "./registry/fail-over.ts";
import type { Registries } from "./registry/registries.ts";

/** An image in a registry, with a tag, a digest, or both. With both, it is read by digest and written by tag. */
export class DockerReference implements ImageReference {
  readonly transport: ImageTransport<DockerReference>;
  readonly stringWithinTransport: string;
  readonly dockerReference: NamedReference;
  readonly policyConfigurationIdentity: string;
  readonly policyConfigurationNamespaces: readonly string[];
  readonly #registries: Registries;

  constructor(
    transport: ImageTransport<DockerReference>,
    named: NamedReference,
    registries: Registries,
  ) {
    this.transport = transport;
    this.stringWithinTransport = `//${formatFamiliar(named)}`;
    this.dockerReference = named;
    this.policyConfigurationIdentity = dockerPolicyIdentity(named);
    this.policyConfigurationNamespaces = dockerPolicyNamespaces(named);
    this.#registries = registries;
    Object.freeze(this);
  }

  async newImageSource({
    signal,
    manifestMIMETypes,
  }: NewImageSourceOptions = {}): Promise<ImageSource> {
    signal?.throwIfAborted();
    const repositories = await this.#registries.repositoriesToRead(this.dockerReference, {
      signal,
    });
    return new DockerSource(this, repositories, this.#registries, manifestMIMETypes);
  }

  async newImageDestination({ signal }: OperationOptions = {}): Promise<ImageDestination> {
    signal?.throwIfAborted();
    const repository = await this.#registries.repositoryToWrite(this.dockerReference, { signal });
    const signatures = await this.#registries.signatureStorage(this.dockerReference, { signal });
    return new DockerDestination(this, { repository, signatures }, this.#registries);
  }

  /**
   * Deletes the tag, or the manifest of a digest with all its tags. If the registry cannot delete a tag alone, its manifest
   * is deleted; if that has other tags, `allTags` is required.
   * @throws ImageError `not-found`, `denied`; `conflict` for other tags; `unsupported` if the registry does not support
   * deletion
   */
  async deleteImage(options: DeleteImageOptions = {}): Promise<void> {
    await using _ = this.#registries.use();
    const repository = await this.#registries.repositoryToWrite(this.dockerReference, options);
    await deleteManifest(repository, this.dockerReference, options);
  }

  /** Lists the tags of the repository, or of its first mirror with tags, in the order of the registry. @throws ImageError `not-found`, `denied` */
  async *getTags(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    await using _ = this.#registries.use();
    const { domain, path, tag = "latest" } = this.dockerReference;
    const repositories = await this.#registries.repositoriesToRead({ domain, path, tag }, options);
    yield* listFromFirst(repositories, listTags, options);
  }
}
