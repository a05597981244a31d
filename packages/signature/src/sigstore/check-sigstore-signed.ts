import type { KeyObject } from "node:crypto";

import { ImageError } from "@drayage/core";
import type { OperationOptions, Signature, UnparsedImage } from "@drayage/core";

import { checkClaim } from "../check-claim.ts";
import { claimTypes, parseClaim } from "../payload.ts";
import { anyAccepted } from "../policy/any-signature.ts";
import type { PolicyOptions } from "../policy/judge-image.ts";
import { keyContents } from "../policy/key-content.ts";
import type { SigstoreSigned } from "../policy/policy.ts";
import { attachment, signatureBytes } from "./attachment.ts";
import type { SigstoreSignature } from "./attachment.ts";
import { isSignedBy, parsePublicKey } from "./public-keys.ts";

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
  const keys = await signingKeys(requirement, options);
  const bytes = signatureBytes(signature);
  const { payload } = signature;
  if (!keys.some((key) => isSignedBy(key, payload, bytes)))
    throw new ImageError("untrusted", "a sigstore signature was made with another key");
  const claim = parseClaim(payload, claimTypes.sigstore);
  await checkClaim(claim, image, requirement.signedIdentity, options);
  return `signed with a sigstore key for ${claim.dockerReference}`;
}

/** The keys that may have made a signature. @throws ImageError `untrusted` */
async function signingKeys(
  { signer, rekorPublicKeys }: SigstoreSigned,
  options: OperationOptions,
): Promise<readonly KeyObject[]> {
  if (signer.kind !== "keys" || rekorPublicKeys.length > 0)
    throw new ImageError("untrusted", "fulcio, pki and Rekor are not implemented yet");
  return (await keyContents(signer.keys, options)).map(parsePublicKey);
}
