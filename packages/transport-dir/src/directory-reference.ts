import type { ImageReference, ImageTransport, OperationOptions } from "@drayage/core";
import { parentFolders } from "@drayage/core/reference";

import { DirectoryDestination } from "./directory-destination.ts";
import type { DirectorySettings } from "./directory-destination.ts";
import { DirectorySource } from "./directory-source.ts";

/** A reference to a folder with one image. */
export class DirectoryReference implements ImageReference {
  readonly transport: ImageTransport;
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  readonly policyConfigurationIdentity: string;
  readonly policyConfigurationNamespaces: readonly string[];
  readonly #settings: DirectorySettings;

  constructor(transport: ImageTransport, folder: string, settings: DirectorySettings) {
    this.transport = transport;
    this.folder = folder;
    this.stringWithinTransport = folder;
    this.policyConfigurationIdentity = folder;
    this.policyConfigurationNamespaces = parentFolders(folder);
    this.#settings = settings;
    Object.freeze(this);
  }

  async newImageSource(options?: OperationOptions): Promise<DirectorySource> {
    return DirectorySource.open(this, options);
  }

  async newImageDestination(options?: OperationOptions): Promise<DirectoryDestination> {
    return DirectoryDestination.open(this, this.#settings, options);
  }
}
