import { algorithmOf, isDigest } from "@drayage/core";
import type { Digest, DigestAlgorithm } from "@drayage/core";

import { ErrorResponse } from "./http/error-response.ts";
import type { RegistrySettings } from "./registry-settings.ts";

const component = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*";
const namePattern = new RegExp(`^${component}(?:/${component})*$`);
const maxNameLength = 255;

/** OCI distribution-spec, "Pulling manifests". @throws ErrorResponse `NAME_INVALID` */
export function checkName(name: string): void {
  if (name.length <= maxNameLength && namePattern.test(name)) return;
  throw new ErrorResponse("NAME_INVALID", `A repository name must match ${namePattern.source}`, {
    detail: { name },
  });
}

/** @throws ErrorResponse `DIGEST_INVALID` */
export function checkedDigest(text: string | null): Digest {
  if (isDigest(text)) return text;
  throw new ErrorResponse(
    "DIGEST_INVALID",
    "Not a digest; use sha256: and 64 lower-case hex digits, or sha384 or sha512 with 96 or 128",
    {
      detail: { digest: text },
    },
  );
}

/** The digest of pushed content. @throws ErrorResponse `DIGEST_INVALID`, also for an algorithm that is not enabled */
export function pushedDigest(text: string | null, settings: RegistrySettings): Digest {
  const digest = checkedDigest(text);
  checkAlgorithm(algorithmOf(digest), settings);
  return digest;
}

/** Checks the parameter `digest-algorithm` of a new upload. @throws ErrorResponse `DIGEST_INVALID` */
export function checkAlgorithm(algorithm: string, { digestAlgorithms }: RegistrySettings): void {
  const accepted: readonly string[] = digestAlgorithms ?? allAlgorithms;
  if (accepted.includes(algorithm)) return;
  throw new ErrorResponse(
    "DIGEST_INVALID",
    `The registry does not support this digest algorithm; use ${accepted.join(" or ")}`,
    { detail: { algorithm } },
  );
}

const allAlgorithms: readonly DigestAlgorithm[] = ["sha256", "sha384", "sha512"];
