import { algorithmOf, ImageError } from "@drayage/core";
import type { OperationOptions, UnparsedImage } from "@drayage/core";
import { manifestDigestOf } from "@drayage/core/manifest";

import type { SignedClaim } from "./payload.ts";
import { matchesIdentity } from "./policy/identity-match.ts";
import type { IdentityMatch } from "./policy/identity-match.ts";

/**
 * Checks that the claim of a verified signature is about this image, first its digest and then its name.
 * @throws ImageError `untrusted`
 */
export async function checkClaim(
  { manifestDigest, dockerReference }: SignedClaim,
  image: UnparsedImage,
  match: IdentityMatch,
  options: OperationOptions,
): Promise<void> {
  const manifest = await image.manifest(options);
  const actual = manifestDigestOf(manifest, algorithmOf(manifestDigest));
  if (actual !== manifestDigest)
    throw new ImageError("untrusted", `a signature is for ${manifestDigest}, not for ${actual}`);
  if (!matchesIdentity(match, image.reference.dockerReference, dockerReference)) {
    const signed = JSON.stringify(dockerReference);
    throw new ImageError(
      "untrusted",
      `a signature is for the name ${signed}, which ${match.type} does not accept for this image`,
    );
  }
}
