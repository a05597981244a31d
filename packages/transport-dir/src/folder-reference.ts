import type { ImageReference } from "@drayage/core";

/** A reference to a folder with one image. */
export interface FolderReference extends ImageReference {
  /** Absolute, without symbolic links. */
  readonly folder: string;
}
