import type { NamedReference } from "../names/docker-reference.ts";
import type { ImageDestination } from "./image-destination.ts";
import type { ImageListing } from "./image-listing.ts";
import type { ImageSource } from "./image-source.ts";
import type { ImageTransport } from "./image-transport.ts";
import type { OperationOptions } from "./operation-options.ts";

/** Options of `deleteImage`. */
export interface DeleteImageOptions extends OperationOptions {
  /**
   * Deletes an image with all its names if the store cannot remove a single name. Default: such a deletion fails with
   * `conflict` while the image has other names.
   */
  readonly allTags?: boolean | undefined;
}

/** Options of `newImageSource`. */
export interface NewImageSourceOptions extends OperationOptions {
  /**
   * The media types to request, preferred first. A store that has a manifest in one type only returns that type.
   * Default: all types that core reads.
   */
  readonly manifestMIMETypes?: readonly string[] | undefined;
}

/** The location of one image. Immutable. */
export interface ImageReference {
  readonly transport: ImageTransport;
  /** A text that `parseReference` parses to an equivalent reference. */
  readonly stringWithinTransport: string;
  /** The docker reference that the user specified, before redirects and mirrors; undefined for other transports. */
  readonly dockerReference: NamedReference | undefined;
  /** The policy scope of this image; undefined if the transport does not support policies by name. */
  readonly policyConfigurationIdentity: string | undefined;
  /** More general policy scopes of this image, the most specific first. */
  readonly policyConfigurationNamespaces: readonly string[];
  /**
   * True if the reference names a location and none of its images. `newImageSource` then requires a location with one
   * image, and `verifyImage` verifies all images that `listImages` returns. Default false.
   */
  readonly isLocation?: boolean | undefined;
  /** Opens the image for reading. @throws ImageError `not-found`, `denied`, `unavailable`; it may throw only at the first read */
  newImageSource(options?: NewImageSourceOptions): Promise<ImageSource>;
  /** Lists all images in the location of this one. Absent if a location has one image, or the transport cannot list them. */
  listImages?(options?: OperationOptions): Promise<ImageListing>;
  /** Opens the image for writing. Absent if the transport is read-only. */
  newImageDestination?(options?: OperationOptions): Promise<ImageDestination>;
  /** Deletes the image. Absent if the transport cannot delete. @throws ImageError `not-found`, `conflict` */
  deleteImage?(options?: DeleteImageOptions): Promise<void>;
}

/** The reference with its transport, for messages and for `Transports.parse`: `docker://alpine:3.20`. */
export function imageName(reference: ImageReference): string {
  return `${reference.transport.name}:${reference.stringWithinTransport}`;
}
