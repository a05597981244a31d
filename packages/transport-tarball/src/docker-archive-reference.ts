import { ImageError } from "@drayage/core";
import type {
  ImageListing,
  ImageReference,
  ImageTransport,
  NamedReference,
  OperationOptions,
} from "@drayage/core";
import {
  DockerArchiveDestination,
  DockerArchiveSource,
  formatDockerArchiveSelector,
} from "@drayage/image-archive";
import type { DockerArchiveSelector } from "@drayage/image-archive";

import { openArchiveUpdate } from "./open-archive-update.ts";
import { openArchive } from "./open-archive.ts";

/** An image in a docker archive. */
export class DockerArchiveReference implements ImageReference {
  readonly transport: ImageTransport;
  /** Absolute, without symbolic links. */
  readonly file: string;
  readonly selector: DockerArchiveSelector;
  readonly isLocation: boolean;
  readonly stringWithinTransport: string;
  readonly dockerReference: NamedReference | undefined;
  /** The author of an archive chooses its names, so a policy cannot rely on them. */
  readonly policyConfigurationIdentity = undefined;
  readonly policyConfigurationNamespaces: readonly string[] = [];
  readonly #writing: DockerArchiveWriting;

  constructor(
    transport: ImageTransport,
    file: string,
    selector: DockerArchiveSelector,
    writing: DockerArchiveWriting,
  ) {
    this.transport = transport;
    this.file = file;
    this.selector = selector;
    this.isLocation = selector.kind === "only";
    const image = formatDockerArchiveSelector(selector);
    this.stringWithinTransport = image === undefined ? file : `${file}:${image}`;
    this.dockerReference = selector.kind === "name" ? selector.name : undefined;
    this.#writing = writing;
    Object.freeze(this);
  }

  async newImageSource(options: OperationOptions = {}): Promise<DockerArchiveSource> {
    const archive = await openArchive(this.file, options);
    return DockerArchiveSource.open(this, archive, this.selector, options);
  }

  /** The names of the images are as written in the archive. */
  async listImages(options: OperationOptions = {}): Promise<ImageListing> {
    const archive = await openArchive(this.file, options);
    const referenceTo = (selector: DockerArchiveSelector): DockerArchiveReference =>
      new DockerArchiveReference(this.transport, this.file, selector, this.#writing);
    return DockerArchiveSource.list(archive, referenceTo, options);
  }

  async newImageDestination(options: OperationOptions = {}): Promise<DockerArchiveDestination> {
    const { append, additionalNames } = this.#writing;
    const names = [...ownNames(this.selector), ...additionalNames];
    const update = await openArchiveUpdate(this.file, {
      ...options,
      ifExists: append ? "add" : "compare",
    });
    return DockerArchiveDestination.open(this, update, names, options);
  }
}

/** How an image is written to an archive. */
export interface DockerArchiveWriting {
  readonly append: boolean;
  readonly additionalNames: readonly NamedReference[];
}

/** @throws ImageError `invalid-reference` for a position */
function ownNames(selector: DockerArchiveSelector): readonly NamedReference[] {
  if (selector.kind !== "position") return selector.kind === "name" ? [selector.name] : [];
  throw new ImageError(
    "invalid-reference",
    `@${selector.position} selects an image to read; to write one, use NAME:TAG`,
  );
}
