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

/** Which image of an engine is meant. */
export type ImageInEngine =
  /** With a tag, a digest, or both: then it is the digest that counts. */
  | { readonly kind: "name"; readonly name: NamedReference }
  | { readonly kind: "id"; readonly id: Digest };

/** An image in a Docker Engine or in Podman. */
export class DockerDaemonReference implements ImageReference {
  readonly transport: ImageTransport;
  readonly image: ImageInEngine;
  readonly stringWithinTransport: string;
  readonly dockerReference: NamedReference | undefined;
  /** Of an ID there is nothing that a policy could say. */
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
   * Takes the name away, as `docker rmi` does; with its last name, the image goes.
   * @throws ImageError `not-found`, and `conflict` where a container uses the image or an ID has several names
   */
  async deleteImage(options: OperationOptions = {}): Promise<void> {
    const engine = await Engine.connect(this.#settings, options);
    await removeImage(engine, nameInEngine(this.image), options);
  }
}

/** In full, which Docker and Podman understand alike. Engines ignore a tag beside a digest, or refuse it. */
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
    `docker-daemon:${stringWithinTransport} can be read, but not written: to write an image, call it NAME:TAG`,
  );
}
