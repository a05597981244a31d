import { isDigest } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import type { InstanceDescriptor } from "./manifest.ts";

/**
 * The instance that an attestation in the same index describes. BuildKit lists attestations as instances for
 * `unknown/unknown` with these annotations. undefined for every other entry.
 */
export function describedImage({ annotations }: InstanceDescriptor): Digest | undefined {
  const isAttestation = annotations?.["vnd.docker.reference.type"] === "attestation-manifest";
  const digest = annotations?.["vnd.docker.reference.digest"];
  return isAttestation && isDigest(digest) ? digest : undefined;
}
