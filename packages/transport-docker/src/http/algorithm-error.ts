import type { DigestAlgorithm } from "@drayage/core";

import { hasCode, registryError } from "./registry-error.ts";
import type { ErrorResponse, RegistryError } from "./registry-error.ts";

/**
 * The error for content that a registry rejects because of the algorithm of its digest; undefined for sha256, which every
 * registry supports, and for other errors.
 */
export function algorithmError(
  errorResponse: ErrorResponse,
  operation: string,
  algorithm: DigestAlgorithm,
): RegistryError | undefined {
  if (algorithm === "sha256") return undefined;
  const isUnspecific = errorResponse.errors.length === 0 && errorResponse.status === 400;
  if (!isUnspecific && !hasCode(errorResponse, "DIGEST_INVALID", "UNSUPPORTED")) return undefined;
  const advice = `it seems to support no ${algorithm} digests; copy an image with sha256 digests, or to another registry`;
  return registryError(errorResponse, operation, "unsupported", advice);
}
