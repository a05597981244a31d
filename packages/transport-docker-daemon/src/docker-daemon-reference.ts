import { ImageError } from "@drayage/core";
import type {
  Digest,
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
  formatNamedReference,
  nameOf,
} from "@drayage/core/reference";

import { openDockerDaemonDestination } from "./docker-daemon-destination.ts";
import type { DockerDaemonSettings } from "./docker-daemon-settings.ts";
import { openDockerDaemonSource } from "./docker-daemon-source.ts";
import { Engine } from "./engine/engine.ts";
import { removeImage } from "./engine/remove-image.ts";

/** Selects an image of an engine. */
export type ImageInEngine =
  /** With a tag, a digest, or both. The digest has precedence. */
  | { readonly kind: "name"; readonly name: NamedReference }
  | { readonly kind: "id"; readonly id: Digest };

/** A reference to an image in a Docker Engine or in Podman. */
export class DockerDaemonReference implements ImageReference {
  readonly transport: ImageTransport;
  readonly image: ImageInEngine;
  readonly stringWithinTransport: string;
  readonly dockerReference: NamedReference | undefined;
  /** Undefined for an ID, which policies do not support. */
  readonly policyConfigurationIdentity: string | undefined;
  readonly policyConfigurationNamespaces: readonly string[];
  readonly #settings: DockerDaemonSettings;

  constructor(transport: ImageTransport, image: ImageInEngine, settings: DockerDaemonSettings) {
    const name = image.kind === "name" ? image.name : undefined;
    this.transport = transport;
    this.image = image;
    this.stringWithinTransport = image.kind === "name" ? formatFamiliar(image.name) : image.id;
    this.dockerReference = name;
    this.policyConfigurationIdentity = name && dockerPolicyIdentity(name);
    this.policyConfigurationNamespaces = name ? dockerPolicyNamespaces(name) : [];
    this.#settings = settings;
    Object.freeze(this);
  }

  async newImageSource(options: OperationOptions = {}): Promise<ImageSource> {
    const engine = await Engine.connect(this.#settings, options);
    return openDockerDaemonSource(this, engine, nameInEngine(this.image), options);
  }

  /** @throws ImageError `invalid-reference` for an image without a tag or with a digest */
  async newImageDestination(options: OperationOptions = {}): Promise<ImageDestination> {
    const name = nameToWrite(this);
    const engine = await Engine.connect(this.#settings, options);
    return openDockerDaemonDestination(this, engine, name, options);
  }

  /**
   * Removes the name, as `docker rmi` does, and the image with its last name.
   * @throws ImageError `not-found`; `conflict` if a container uses the image, or if an ID has several names
   */
  async deleteImage(options: OperationOptions = {}): Promise<void> {
    const engine = await Engine.connect(this.#settings, options);
    await removeImage(engine, nameInEngine(this.image), options);
  }
}

/** The full name, which Docker and Podman parse alike. Omits the tag of a name with a digest: some engines reject both. */
function nameInEngine(image: ImageInEngine): string {
  if (image.kind === "id") return image.id;
  const { digest } = image.name;
  if (digest === undefined) return formatNamedReference(image.name);
  return `${nameOf(image.name)}@${digest}`;
}

function nameToWrite({ image, stringWithinTransport }: DockerDaemonReference): NamedReference {
  if (image.kind === "name" && image.name.digest === undefined) return image.name;
  throw new ImageError(
    "invalid-reference",
    `docker-daemon:${stringWithinTransport} can be read, but not written; write to docker-daemon:NAME:TAG`,
  );
}
