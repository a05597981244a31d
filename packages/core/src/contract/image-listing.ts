import type { ImageReference } from "./image-reference.ts";
import type { ImageSource } from "./image-source.ts";
import type { OperationOptions } from "./operation-options.ts";

/** The images of one location, which stays open until disposal. Disposal also closes the sources; do not close them one by one. */
export interface ImageListing extends AsyncDisposable {
  readonly images: readonly ListedImage[];
}

/** One image of a location. */
export interface ListedImage {
  /** The names that select it, as users write them after the location: `v1`, or `@0` for an image without a name. */
  readonly names: readonly string[];
  /** A reference to this image alone. */
  readonly reference: ImageReference;
  /** As `reference.newImageSource`, without opening the location again. */
  newImageSource(options?: OperationOptions): Promise<ImageSource>;
}
