import { formatNamedReference } from "@drayage/core";
import type {
  ImageReference,
  ImageTransport,
  NamedReference,
  OperationOptions,
} from "@drayage/core";
import { DockerArchiveSource, openArchiveFile } from "@drayage/image-archive";
import type { DockerArchiveSelector } from "@drayage/image-archive";

/** An image in a docker archive. */
export class DockerArchiveReference implements ImageReference {
  readonly transport: ImageTransport;
  /** Absolute, without symbolic links. */
  readonly file: string;
  readonly selector: DockerArchiveSelector;
  readonly stringWithinTransport: string;
  readonly dockerReference: NamedReference | undefined;
  /** Who makes an archive writes any name into it: no policy can speak of one. */
  readonly policyConfigurationIdentity = undefined;
  readonly policyConfigurationNamespaces: readonly string[] = [];

  constructor(transport: ImageTransport, file: string, selector: DockerArchiveSelector) {
    this.transport = transport;
    this.file = file;
    this.selector = selector;
    this.stringWithinTransport = file + suffixOf(selector);
    this.dockerReference = selector.kind === "name" ? selector.name : undefined;
    Object.freeze(this);
  }

  async newImageSource(options: OperationOptions = {}): Promise<DockerArchiveSource> {
    const archive = await openArchiveFile(this.file, options);
    return DockerArchiveSource.open(this, archive, this.selector, options);
  }
}

function suffixOf(selector: DockerArchiveSelector): string {
  switch (selector.kind) {
    case "only":
      return "";
    case "position":
      return `:@${selector.position}`;
    case "name":
      return `:${formatNamedReference(selector.name)}`;
  }
}
