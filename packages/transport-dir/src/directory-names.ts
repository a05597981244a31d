import { algorithmOf, hexOf } from "@drayage/core";
import type { Digest } from "@drayage/core";

/** The file that marks a folder as an image directory. */
export const versionName = "version";

/** The name of a blob: its hex digits, with the algorithm as a prefix unless it is sha256. */
export function blobName(digest: Digest): string {
  const algorithm = algorithmOf(digest);
  return algorithm === "sha256" ? hexOf(digest) : `${algorithm}-${hexOf(digest)}`;
}

/** The name of the manifest of the image or, given a digest, of that instance. */
export function manifestName(instance?: Digest): string {
  return instance === undefined ? "manifest.json" : `${blobName(instance)}.manifest.json`;
}

/** The name of a signature, counted from 1. */
export function signatureName(number: number, instance?: Digest): string {
  const name = `signature-${number}`;
  return instance === undefined ? name : `${blobName(instance)}.${name}`;
}

const blob = "(?:[0-9a-f]{64}|sha384-[0-9a-f]{96}|sha512-[0-9a-f]{128})";
const signature = "signature-[1-9][0-9]*";
const imageFile = new RegExp(
  `^(?:${versionName}|${blob}|(?:${blob}\\.)?(?:manifest\\.json|${signature}))$`,
);

/** Whether a file belongs to an image. Other files in the folder are kept. */
export function isImageFile(name: string): boolean {
  return imageFile.test(name);
}
