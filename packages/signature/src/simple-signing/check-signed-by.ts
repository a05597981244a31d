import { ImageError } from "@drayage/core";
import type { OperationOptions, Signature, UnparsedImage } from "@drayage/core";

import { checkClaim } from "../check-claim.ts";
import { claimTypes, parseClaim } from "../payload.ts";
import { anyAccepted } from "../policy/any-signature.ts";
import { keyContents } from "../policy/key-content.ts";
import type { PolicyOptions } from "../policy/policy-options.ts";
import type { SignedBy } from "../policy/policy.ts";
import { openMessage } from "./open-message.ts";
import { readKeyring } from "./read-keyring.ts";

type SimpleSignature = Extract<Signature, { readonly kind: "simple-signing" }>;

/** Returns who signed an image, in words. @throws ImageError `untrusted` if no signature meets the requirement */
export async function checkSignedBy(
  { keyType, keys: sources, signedIdentity }: SignedBy,
  image: UnparsedImage,
  options: PolicyOptions & OperationOptions,
): Promise<string> {
  if (keyType !== "GPGKeys") {
    const advice = "use GPGKeys with the keys of the signers";
    throw new ImageError("untrusted", `keyType ${keyType} is not implemented; ${advice}`);
  }
  const signatures = await image.signatures(options);
  const simple = signatures.filter((one): one is SimpleSignature => one.kind === "simple-signing");
  const now = options.now?.() ?? new Date();
  const others = signatures.length - simple.length;
  return anyAccepted(
    simple,
    async ({ bytes }) => {
      const rings = await keyContents(sources, options);
      const keys = (await Promise.all(rings.map(readKeyring))).flat();
      const { content, fingerprint } = await openMessage(bytes, keys, now);
      const claim = parseClaim(content, claimTypes.simpleSigning);
      await checkClaim(claim, image, signedIdentity, options);
      return `signed by ${fingerprint} for ${claim.dockerReference}`;
    },
    others === 0 ? [] : [`${others} sigstore signatures`],
  );
}
