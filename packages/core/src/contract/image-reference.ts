import type { NamedReference } from "../names/docker-reference.ts";
import type { ImageDestination } from "./image-destination.ts";
import type { ImageSource, OpenImages } from "./image-source.ts";
import type { ImageTransport } from "./image-transport.ts";
import type { OperationOptions } from "./operation-options.ts";

export interface DeleteImageOptions extends OperationOptions {
  /**
   * Deletes the image with all its names, where the storage cannot remove one name alone. Default: such a deletion
   * fails with `conflict` while the image has other names.
   */
  readonly allTags?: boolean | undefined;
}

/** Where one image is, or is to be. Frozen once made. */
export interface ImageReference {
  readonly transport: ImageTransport;
  /** What `parseReference` reads back as an equivalent reference. */
  readonly stringWithinTransport: string;
  /** The full docker reference that the user meant (after no redirect or mirror), where there is one. */
  readonly dockerReference: NamedReference | undefined;
  /** What a policy calls exactly this image; undefined where policies by name are not supported. */
  readonly policyConfigurationIdentity: string | undefined;
  /** More general scopes under which a policy may speak of this image, the most specific first. */
  readonly policyConfigurationNamespaces: readonly string[];
  /** @throws ImageError `not-found`, `denied`, `unavailable`, or only when the source is first read */
  newImageSource(options?: OperationOptions): Promise<ImageSource>;
  /** All images of a place that holds several, where this names none of them; else the one that it names. Absent where a place holds one. */
  newImageSources?(options?: OperationOptions): Promise<OpenImages>;
  /** Absent where the transport only reads. */
  newImageDestination?(options?: OperationOptions): Promise<ImageDestination>;
  /** Absent where the transport cannot delete. @throws ImageError `not-found`, `conflict` */
  deleteImage?(options?: DeleteImageOptions): Promise<void>;
}

/** `docker://alpine:3.20`: the reference with its transport, for people and for `Transports.parse`. */
export function imageName(reference: ImageReference): string {
  return `${reference.transport.name}:${reference.stringWithinTransport}`;
}
