import type { ImageReference } from "@drayage/core";
import type { ImageSelector } from "@drayage/image-layout";

/** A reference to an image in a layout on disk. */
export interface LayoutReference extends ImageReference {
  readonly folder: string;
  readonly selector: ImageSelector;
}
