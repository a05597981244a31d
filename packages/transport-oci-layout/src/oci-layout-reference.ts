import path from "node:path";

import type { ImageListing, ImageReference, ImageTransport, OperationOptions } from "@drayage/core";
import { parentFolders } from "@drayage/core/reference";
import { deleteLayoutImage, formatSelector, LayoutSource } from "@drayage/image-layout";
import type { ImageSelector, LayoutDestination } from "@drayage/image-layout";

import { DiskLayout } from "./disk-layout.ts";
import { openOCILayoutDestination } from "./oci-layout-destination.ts";
import type { OCILayoutSettings } from "./oci-layout-settings.ts";
import { openOCILayoutSource } from "./oci-layout-source.ts";

/** A reference to an image in an OCI layout on disk. */
export class OCILayoutReference implements ImageReference {
  readonly transport: ImageTransport;
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly selector: ImageSelector;
  readonly isLocation: boolean;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  /** The folder without the name of the image: an image may have several names or none. */
  readonly policyConfigurationIdentity: string;
  readonly policyConfigurationNamespaces: readonly string[];
  readonly #settings: OCILayoutSettings;

  constructor(
    transport: ImageTransport,
    folder: string,
    selector: ImageSelector,
    settings: OCILayoutSettings,
  ) {
    this.transport = transport;
    this.folder = folder;
    this.selector = selector;
    this.isLocation = selector.kind === "only";
    this.stringWithinTransport = `${folder}:${formatSelector(selector)}`;
    this.policyConfigurationIdentity = folder;
    this.policyConfigurationNamespaces = foldersOf(folder);
    this.#settings = settings;
    Object.freeze(this);
  }

  async newImageSource(options?: OperationOptions): Promise<LayoutSource> {
    return openOCILayoutSource(this, this.#settings, options);
  }

  async listImages(options?: OperationOptions): Promise<ImageListing> {
    const layout = new DiskLayout(this.folder, this.#settings.sharedBlobDir);
    const referenceTo = (selector: ImageSelector): OCILayoutReference =>
      new OCILayoutReference(this.transport, this.folder, selector, this.#settings);
    return LayoutSource.list(this, layout, referenceTo, options);
  }

  async newImageDestination(options?: OperationOptions): Promise<LayoutDestination> {
    return openOCILayoutDestination(this, this.#settings, options);
  }

  /** Also deletes the blobs that no other image in the layout needs, unless blobs are shared. */
  async deleteImage(options?: OperationOptions): Promise<void> {
    await using layout = new DiskLayout(this.folder, this.#settings.sharedBlobDir);
    await deleteLayoutImage(layout, this.selector, options);
  }
}

/** The folder and its parents, without `/`. */
function foldersOf(folder: string): readonly string[] {
  return folder === path.parse(folder).root ? [] : [folder, ...parentFolders(folder)];
}
