import { algorithmOf, hexOf } from "@drayage/core";
import type { Digest } from "@drayage/core";

/** The file that makes a folder an image directory. */
export const versionName = "version";

/** The name of a blob: its hex digits, behind their algorithm where that is not sha256. */
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
const ours = new RegExp(
  `^(?:${versionName}|${blob}|(?:${blob}\\.)?(?:manifest\\.json|${signature}))$`,
);

/** True for the names of files that make up an image; anything else in the folder is somebody's own. */
export function isImageFile(name: string): boolean {
  return ours.test(name);
}
