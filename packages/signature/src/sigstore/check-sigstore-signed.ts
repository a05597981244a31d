import { ImageError } from "@drayage/core";
import type { OperationOptions, UnparsedImage } from "@drayage/core";

import { checkClaim } from "../check-claim.ts";
import { claimTypes, parseClaim } from "../payload.ts";
import { anyAccepted } from "../policy/any-signature.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import type { SigstoreSigned } from "../policy/policy.ts";
import { attachment, signatureBytes } from "./attachment.ts";
import type { SigstoreSignature } from "./attachment.ts";
import { isSignedBy } from "./public-keys.ts";
import { acceptedKeys } from "./signing-keys.ts";

/** Returns who signed an image, in words. @throws ImageError `untrusted` if no signature meets the requirement */
export async function checkSigstoreSigned(
  requirement: SigstoreSigned,
  image: UnparsedImage,
  options: PolicyOptions & OperationOptions,
): Promise<string> {
  const signatures = await image.signatures(options);
  const sigstore = signatures.filter((one): one is SigstoreSignature => one.kind === "sigstore");
  const attached = sigstore.filter(({ mediaType }) => mediaType === attachment.payloadType);
  const simpleCount = signatures.length - sigstore.length;
  const otherCount = sigstore.length - attached.length;
  return anyAccepted(
    attached,
    (signature) => checkSignature(signature, requirement, image, options),
    [
      ...(simpleCount === 0 ? [] : [`${simpleCount} simple signatures`]),
      ...(otherCount === 0 ? [] : [`${otherCount} other attachments`]),
    ],
  );
}

async function checkSignature(
  signature: SigstoreSignature,
  requirement: SigstoreSigned,
  image: UnparsedImage,
  options: PolicyOptions & OperationOptions,
): Promise<string> {
  const now = options.now?.() ?? new Date();
  const keys = await acceptedKeys(signature, requirement, now, options);
  const bytes = signatureBytes(signature);
  const { payload } = signature;
  const accepted = keys.find(({ key }) => isSignedBy(key, payload, bytes));
  if (accepted === undefined)
    throw new ImageError("untrusted", "a sigstore signature was made with another key");
  const claim = parseClaim(payload, claimTypes.sigstore);
  await checkClaim(claim, image, requirement.signedIdentity, options);
  return `signed by ${accepted.owner} for ${claim.dockerReference}`;
}
