import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";

import { ImageError } from "./image-error.ts";

declare const brand: unique symbol;

/** A valid digest, `algorithm:hex` (OCI image-spec, descriptor.md, "Digests"). */
export type Digest = string & { readonly [brand]: "Digest" };

/** The registered algorithms (OCI image-spec, descriptor.md, "Registered Algorithms"). */
export type DigestAlgorithm = "sha256" | "sha384" | "sha512";

const hexLengths: Readonly<Record<DigestAlgorithm, number>> = {
  sha256: 64,
  sha384: 96,
  sha512: 128,
};

const lowerHex = /^[0-9a-f]+$/;

/**
 * Accepts a registered algorithm with its exact number of lower-case hex digits.
 * @throws ImageError `invalid-reference`
 */
export function parseDigest(text: string): Digest {
  const problem = digestProblem(text);
  if (problem !== undefined) throw new ImageError("invalid-reference", problem);
  return text as Digest;
}

/** True for text that `parseDigest` accepts. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === "string" && digestProblem(text) === undefined;
}

/** The part before the colon. */
export function algorithmOf(digest: Digest): DigestAlgorithm {
  return digest.slice(0, digest.indexOf(":")) as DigestAlgorithm;
}

/** The part after the colon. */
export function hexOf(digest: Digest): string {
  return digest.slice(digest.indexOf(":") + 1);
}

/** The digest of a byte array. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return digestHasher(algorithm).update(bytes).digest();
}

/** Computes a digest incrementally. */
export interface DigestHasher {
  /** Adds bytes; returns the same hasher. */
  update(bytes: Uint8Array): DigestHasher;
  /** Returns the digest. May be called once. */
  digest(): Digest;
  /** An independent hasher with the same state. */
  copy(): DigestHasher;
}

/** Creates a hasher for the given algorithm. */
/** Creates a hasher for the given algorithm. */
export function digestHasher(algorithm: DigestAlgorithm = "sha256"): DigestHasher {
  return wrapHash(algorithm, createHash(algorithm));
}

function wrapHash(algorithm: DigestAlgorithm, hash: Hash): DigestHasher {
  const hasher: DigestHasher = {
    update(bytes) {
      hash.update(bytes);
      return hasher;
    },
    digest: () => `${algorithm}:${hash.digest("hex")}` as Digest,
    copy: () => wrapHash(algorithm, hash.copy()),
  };
  return hasher;
}

function digestProblem(text: string): string | undefined {
  const colon = text.indexOf(":");
  if (colon < 0) return `Not a digest: ${quoted(text)}; write algorithm:hex, such as sha256:…`;
  const [algorithm, hex] = [text.slice(0, colon), text.slice(colon + 1)];
  if (!Object.hasOwn(hexLengths, algorithm)) {
    return `Unsupported digest algorithm in ${quoted(text)}; use one of ${Object.keys(hexLengths).join(", ")}`;
  }
  const length = hexLengths[algorithm as DigestAlgorithm];
  if (hex.length === length && lowerHex.test(hex)) return undefined;
  return `Not a ${algorithm} digest: ${quoted(text)}; it must have exactly ${length} lower-case hex digits`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}
