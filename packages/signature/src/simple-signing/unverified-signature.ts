import { ImageError } from "@drayage/core";

import { claimTypes, parseClaim } from "../payload.ts";
import type { SignedClaim } from "../payload.ts";
import { packetsOf, packetTags } from "./packets.ts";

/** What a simple signature contains, without any verification. Anyone can write these values. */
export interface UnverifiedSignature {
  readonly claim: SignedClaim;
  /** 16 upper-case hex digits. */
  readonly keyID: string;
}

/** Reads a signature without verifying it, to find out why it is rejected. @throws ImageError `untrusted` */
export function readUnverified(bytes: Uint8Array): UnverifiedSignature {
  const packets = packetsOf(bytes) ?? [];
  const literal = packets.find(({ tag }) => tag === packetTags.literal);
  const onePass = packets.find(({ tag }) => tag === packetTags.onePassSignature);
  const start = 6 + (literal?.body[1] ?? 0);
  const keyID = onePass?.body.subarray(4, 12).toString("hex").toUpperCase() ?? "";
  if (literal === undefined || keyID.length !== 16)
    throw new ImageError("untrusted", "It is not a signed OpenPGP message");
  const content = literal.body.subarray(start);
  return { claim: parseClaim(content, claimTypes.simpleSigning), keyID };
}
