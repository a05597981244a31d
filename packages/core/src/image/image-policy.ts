import type { OperationOptions } from "../contract/operation-options.ts";
import { bareMediaType, isIndexMediaType } from "../manifest/media-types.ts";
import type { UnparsedImage, VerifiedManifest } from "./unparsed-image.ts";

/** Decides whether an image may be used, before anything in it is parsed. */
export interface ImagePolicy {
  /** @throws ImageError `untrusted` */
  admit(image: UnparsedImage, options?: OperationOptions): Promise<void>;
}

/**
 * Fetches the manifest of an image that the policy admits, without parsing it. The policy does not check what the storage
 * reports as an index: it checks each image in it before that image is parsed. It does check an index of unreported type.
 * @throws ImageError `untrusted`
 */
export async function admit(
  image: UnparsedImage,
  { policy, ...options }: OperationOptions & { readonly policy?: ImagePolicy | undefined },
): Promise<VerifiedManifest> {
  const manifest = await image.manifest(options);
  const isIndex = isIndexMediaType(bareMediaType(manifest.mediaType ?? ""));
  if (!isIndex) await policy?.admit(image, options);
  return manifest;
}
