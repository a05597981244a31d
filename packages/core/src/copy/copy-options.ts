import type { OperationOptions } from "../operation-options.ts";
import type { Platform } from "../platform.ts";
import type { UnparsedImage } from "../unparsed-image.ts";
import type { CopyEvent } from "./copy-event.ts";

/** Which images of an index are copied; an image that is alone is always copied. */
export type InstanceSelection =
  /** The one for `platform`. */
  | "system"
  /** The index and all that it names. */
  | "all"
  /** The index and the instances of these platforms. */
  | { readonly platforms: readonly Platform[] };

/** Decides whether an image may be used, before anything in it is parsed. */
export interface ImagePolicy {
  /** @throws ImageError `untrusted` */
  admit(image: UnparsedImage, options?: OperationOptions): Promise<void>;
}

export interface CopyOptions extends OperationOptions {
  /** Default `system`. */
  readonly instances?: InstanceSelection | undefined;
  /** What `system` means. Default: this machine's. */
  readonly platform?: Platform | undefined;
  /**
   * What becomes of an index of which not all instances are copied: `strip` (the default) leaves the others out, which
   * changes its digest; `keep` leaves it as it is, with instances that are not there.
   */
  readonly missingInstances?: "strip" | "keep" | undefined;
  /** Fail rather than change any manifest. */
  readonly preserveDigests?: boolean | undefined;
  /** The type that each image manifest is to have; an index follows in its family. */
  readonly manifestMIMEType?: string | undefined;
  /** Leave signatures behind, where they would otherwise be copied or be in the way. */
  readonly removeSignatures?: boolean | undefined;
  /** Also copy layers that the image says may be downloaded elsewhere. */
  readonly downloadForeignLayers?: boolean | undefined;
  /** Default: every image is admitted. */
  readonly policy?: ImagePolicy | undefined;
  /** The most blobs in flight at once; source and destination have their own bounds. */
  readonly parallelBlobs?: number | undefined;
  /** Told what happens while it happens. What it throws ends the copy. */
  readonly onEvent?: ((event: CopyEvent) => void) | undefined;
}
