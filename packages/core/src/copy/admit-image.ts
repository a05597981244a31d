import type { OperationOptions } from "../contract/operation-options.ts";
import type { UnparsedImage, VerifiedManifest } from "../image/unparsed-image.ts";
import { bareMediaType, isIndexMediaType } from "../manifest/media-types.ts";
import type { ImagePolicy } from "./copy-options.ts";

/**
 * The manifest of an image that a policy lets pass; nothing in it was parsed. What the storage calls an index passes:
 * the images that it leads to are asked about, each before it is parsed. Where the storage tells no type, the policy is
 * asked about an index too.
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
