import path from "node:path";

import type { ImageReference, ImageTransport, OpenImages, OperationOptions } from "@drayage/core";
import { parentFolders } from "@drayage/core/reference";
import {
  deleteLayoutImage,
  formatSelector,
  imageNamesIn,
  LayoutSource,
} from "@drayage/image-layout";
import type { ImageSelector, LayoutDestination } from "@drayage/image-layout";

import { DiskLayout } from "./disk-layout.ts";
import { openOCILayoutDestination } from "./oci-layout-destination.ts";
import type { OCILayoutSettings } from "./oci-layout-settings.ts";
import { openOCILayoutSource } from "./oci-layout-source.ts";

/** An image in a folder. */
export class OCILayoutReference implements ImageReference {
  readonly transport: ImageTransport;
  /** Absolute, without symbolic links. */
  readonly folder: string;
  readonly selector: ImageSelector;
  readonly stringWithinTransport: string;
  readonly dockerReference = undefined;
  /** Without the name of the image: several names, and none, may mean the same one. */
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
    this.stringWithinTransport = `${folder}:${formatSelector(selector)}`;
    this.policyConfigurationIdentity = folder;
    this.policyConfigurationNamespaces = foldersOf(folder);
    this.#settings = settings;
    Object.freeze(this);
  }

  /** How all images in the folder are called, whichever this is: `@N` where one has no name. */
  async getImageNames(options?: OperationOptions): Promise<readonly string[]> {
    await using layout = new DiskLayout(this.folder, this.#settings.sharedBlobDir);
    return await imageNamesIn(this, layout, options);
  }

  async newImageSource(options?: OperationOptions): Promise<LayoutSource> {
    return openOCILayoutSource(this, this.#settings, options);
  }

  /** Without a name all images in the folder. */
  async newImageSources(options?: OperationOptions): Promise<OpenImages> {
    const layout = new DiskLayout(this.folder, this.#settings.sharedBlobDir);
    const referenceTo = (selector: ImageSelector): OCILayoutReference =>
      new OCILayoutReference(this.transport, this.folder, selector, this.#settings);
    return LayoutSource.openAll(this, layout, this.selector, referenceTo, options);
  }

  async newImageDestination(options?: OperationOptions): Promise<LayoutDestination> {
    return openOCILayoutDestination(this, this.#settings, options);
  }

  /** Also the blobs that no other image in the layout needs, unless they are shared. */
  async deleteImage(options?: OperationOptions): Promise<void> {
    await using layout = new DiskLayout(this.folder, this.#settings.sharedBlobDir);
    await deleteLayoutImage(layout, this.selector, options);
  }
}

/** The folder itself and those above it, without `/`. */
function foldersOf(folder: string): readonly string[] {
  return folder === path.parse(folder).root ? [] : [folder, ...parentFolders(folder)];
}
