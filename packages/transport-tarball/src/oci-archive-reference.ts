import type { ImageListing, ImageReference, ImageTransport, OperationOptions } from "@drayage/core";
import { parentFolders } from "@drayage/core/reference";
import { ArchiveLayout, TarLayout } from "@drayage/image-archive";
import {
  formatSelector,
  LayoutDestination,
  LayoutSource,
  nameToWrite,
} from "@drayage/image-layout";
import type { ImageSelector } from "@drayage/image-layout";

import type { OCIArchiveSettings } from "./oci-archive-settings.ts";
import { openArchiveUpdate } from "./open-archive-update.ts";
import { openArchive } from "./open-archive.ts";

/** An image in an OCI image layout in a tar file. */
export class OCIArchiveReference implements ImageReference {
  readonly transport: ImageTransport;
  /** Absolute, without symbolic links. */
  readonly file: string;
  readonly selector: ImageSelector;
  readonly isLocation: boolean;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  /** Without the name of the image: an image may have several names or none. */
  readonly policyConfigurationIdentity: string;
  readonly policyConfigurationNamespaces: readonly string[];
  readonly #settings: OCIArchiveSettings;

  constructor(
    transport: ImageTransport,
    file: string,
    selector: ImageSelector,
    settings: OCIArchiveSettings,
  ) {
    this.transport = transport;
    this.file = file;
    this.selector = selector;
    this.isLocation = selector.kind === "only";
    this.stringWithinTransport = `${file}:${formatSelector(selector)}`;
    this.policyConfigurationIdentity = file;
    this.policyConfigurationNamespaces = [file, ...parentFolders(file)];
    this.#settings = settings;
    Object.freeze(this);
  }

  async newImageSource(options: OperationOptions = {}): Promise<LayoutSource> {
    const layout = await TarLayout.open(await openArchive(this.file, options), options);
    return LayoutSource.open(this, layout, this.selector, options);
  }

  async listImages(options: OperationOptions = {}): Promise<ImageListing> {
    const layout = await TarLayout.open(await openArchive(this.file, options), options);
    const referenceTo = (selector: ImageSelector): OCIArchiveReference =>
      new OCIArchiveReference(this.transport, this.file, selector, this.#settings);
    return LayoutSource.list(this, layout, referenceTo, options);
  }

  async newImageDestination(options: OperationOptions = {}): Promise<LayoutDestination> {
    const { append = false, layers } = this.#settings;
    const name = nameToWrite(this.selector);
    const update = await openArchiveUpdate(this.file, {
      ...options,
      ifExists: append ? "add" : "replace",
    });
    const layout = await ArchiveLayout.open(update, { ...options, append });
    return LayoutDestination.open(this, layout, { name, layers }, options);
  }
}
