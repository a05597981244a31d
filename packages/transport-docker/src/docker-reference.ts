import type {
  DeleteImageOptions,
  ImageDestination,
  ImageReference,
  ImageSource,
  ImageTransport,
  NamedReference,
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
import { listOf } from "./registry/fail-over.ts";
import type { Registries } from "./registry/registries.ts";

/** An image in a registry, by tag, by digest, or by both: then it is read by the digest and written by the tag. */
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

  async newImageSource({ signal }: OperationOptions = {}): Promise<ImageSource> {
    signal?.throwIfAborted();
    const places = await this.#registries.placesToRead(this.dockerReference, { signal });
    return new DockerSource(this, places, this.#registries);
  }

  async newImageDestination({ signal }: OperationOptions = {}): Promise<ImageDestination> {
    signal?.throwIfAborted();
    const repository = await this.#registries.placeToWrite(this.dockerReference, { signal });
    const signatures = await this.#registries.signatureStorage(this.dockerReference, { signal });
    return new DockerDestination(this, { repository, signatures }, this.#registries);
  }

  /**
   * Removes the tag or, given a digest, the manifest with all its tags. Where the registry cannot remove a tag alone,
   * the manifest is removed; if it has other tags, only with `allTags`.
   * @throws ImageError `not-found`, `denied`, `conflict` for other tags, `unsupported` where the registry deletes nothing
   */
  async deleteImage(options: DeleteImageOptions = {}): Promise<void> {
    await using _ = this.#registries.use();
    const repository = await this.#registries.placeToWrite(this.dockerReference, options);
    await deleteManifest(repository, this.dockerReference, options);
  }

  /** The tags of the repository, in the registry's order, as they come; from a mirror, those it has. @throws ImageError `not-found`, `denied` */
  async *getTags(options: OperationOptions = {}): AsyncGenerator<string, void, undefined> {
    await using _ = this.#registries.use();
    const { domain, path, tag = "latest" } = this.dockerReference;
    const places = await this.#registries.placesToRead({ domain, path, tag }, options);
    yield* listOf(places, listTags, options);
  }
}
