import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";

import { ImageError } from "./image-error.ts";

declare const brand: unique symbol;

/** `algorithm:hex` of some bytes, checked (OCI image-spec, descriptor.md, "Digests"). */
export type Digest = string & { readonly [brand]: "Digest" };

/** The registered algorithms (OCI image-spec, descriptor.md, "Registered Algorithms"). */
export type DigestAlgorithm = "sha256" | "sha384" | "sha512";

const hexLengths: Readonly<Record<DigestAlgorithm, number>> = {
  sha256: 64,
  sha384: 96,
  sha512: 128,
};

const lowerHex = /^[0-9a-f]+$/;

/** @throws ImageError `invalid-reference` for anything but a registered algorithm and its exact number of lower-case hex digits */
export function parseDigest(text: string): Digest {
  const problem = digestProblem(text);
  if (problem !== undefined) throw new ImageError("invalid-reference", problem);
  return text as Digest;
}

/** True for what `parseDigest` takes. */
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

/** Of bytes that are all there. */
export function digestOf(bytes: Uint8Array, algorithm: DigestAlgorithm = "sha256"): Digest {
  return digestHasher(algorithm).update(bytes).digest();
}

/** Computes a digest of bytes that come piece by piece. */
export interface DigestHasher {
  /** Adds what comes next; returns the same hasher. */
  update(bytes: Uint8Array): DigestHasher;
  /** Ends the computation; once only. */
  digest(): Digest;
  /** A computation that goes on from here by itself. */
  copy(): DigestHasher;
}

/** Begins a computation. */
export function digestHasher(algorithm: DigestAlgorithm = "sha256"): DigestHasher {
  return hasherOf(algorithm, createHash(algorithm));
}

function hasherOf(algorithm: DigestAlgorithm, hash: Hash): DigestHasher {
  const hasher: DigestHasher = {
    update(bytes) {
      hash.update(bytes);
      return hasher;
    },
    digest: () => `${algorithm}:${hash.digest("hex")}` as Digest,
    copy: () => hasherOf(algorithm, hash.copy()),
  };
  return hasher;
}

function digestProblem(text: string): string | undefined {
  const colon = text.indexOf(":");
  if (colon < 0) return `Not a digest: ${shown(text)}; write algorithm:hex, such as sha256:…`;
  const [algorithm, hex] = [text.slice(0, colon), text.slice(colon + 1)];
  if (!Object.hasOwn(hexLengths, algorithm)) {
    return `Unsupported digest algorithm in ${shown(text)}; known are ${Object.keys(hexLengths).join(", ")}`;
  }
  const length = hexLengths[algorithm as DigestAlgorithm];
  if (hex.length === length && lowerHex.test(hex)) return undefined;
  return `Not a ${algorithm} digest: ${shown(text)}; it needs exactly ${length} lower-case hex digits`;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 160 ? `${text.slice(0, 160)}…` : text);
}
