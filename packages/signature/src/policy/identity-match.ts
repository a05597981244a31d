import type { NamedReference } from "@drayage/core";
import { isImageError } from "@drayage/core";
import { formatNamedReference, nameOf, parseNamedReference } from "@drayage/core/reference";

/** Which identity in a signature is accepted for an image (containers-policy.json(5), "signedBy"). */
export type IdentityMatch =
  /** The same repository with the same tag or digest. */
  | { readonly type: "matchExact" }
  /** The same repository and tag; if the image is named by a digest, only the same repository. */
  | { readonly type: "matchRepoDigestOrExact" }
  /** The same repository. */
  | { readonly type: "matchRepository" }
  /** This reference, whatever the image is named. */
  | { readonly type: "exactReference"; readonly dockerReference: string }
  /** This repository, whatever the image is named. */
  | { readonly type: "exactRepository"; readonly dockerRepository: string }
  /** Like `matchRepoDigestOrExact`, with `prefix` of the image's name replaced with `signedPrefix`. */
  | { readonly type: "remapIdentity"; readonly prefix: string; readonly signedPrefix: string }
  /**
   * Accepts signatures that name a digest and no repository, as cosign 3 makes them. The image must be in one of the
   * repositories, or below one of them. containers/image has no such match.
   */
  | { readonly type: "matchSubjectDigest"; readonly repositories: readonly string[] };

/**
 * Whether the identity in a signature is accepted for an image. `image` is undefined for images without a docker
 * reference, for which only `exactReference` and `exactRepository` can match. A signature with a name never satisfies
 * `matchSubjectDigest`.
 */
export function matchesIdentity(
  match: IdentityMatch,
  image: NamedReference | undefined,
  signedIdentity: string,
): boolean {
  const signed = parsedIdentity(signedIdentity);
  if (signed === undefined) return false;
  switch (match.type) {
    case "exactReference":
      return isSameReference(parsedIdentity(match.dockerReference), signed);
    case "exactRepository":
      return isSameRepository(parsedIdentity(match.dockerRepository), signed);
    case "matchExact":
      return isSameReference(image, signed);
    case "matchRepository":
      return isSameRepository(image, signed);
    case "matchRepoDigestOrExact":
      return isSameTagOrRepository(image, signed);
    case "remapIdentity":
      return isSameTagOrRepository(image && remapped(image, match), signed);
    case "matchSubjectDigest":
      return false;
  }
}

/** Whether a signature that names no repository is accepted for an image. */
export function acceptsSubjectDigest(
  match: IdentityMatch,
  image: NamedReference | undefined,
): boolean {
  if (match.type !== "matchSubjectDigest" || image === undefined) return false;
  return match.repositories.some((repository) => isInPrefix(nameOf(image), repository));
}

function isSameReference(expected: NamedReference | undefined, signed: NamedReference): boolean {
  if (expected === undefined || isNameOnly(expected) || isNameOnly(signed)) return false;
  return formatNamedReference(expected) === formatNamedReference(signed);
}

function isSameRepository(expected: NamedReference | undefined, signed: NamedReference): boolean {
  return expected !== undefined && nameOf(expected) === nameOf(signed);
}

function isSameTagOrRepository(
  expected: NamedReference | undefined,
  signed: NamedReference,
): boolean {
  if (expected?.tag !== undefined) return isSameReference(expected, signed);
  if (expected?.digest === undefined || isNameOnly(signed)) return false;
  return isSameRepository(expected, signed);
}

/** The name under which the image was signed. Undefined if the replacement does not result in a valid name. */
function remapped(
  image: NamedReference,
  { prefix, signedPrefix }: { readonly prefix: string; readonly signedPrefix: string },
): NamedReference | undefined {
  if (!isInPrefix(nameOf(image), prefix)) return image;
  const text = signedPrefix + formatNamedReference(image).slice(prefix.length);
  const parsed = parsedIdentity(text);
  // A short name would be completed to another one.
  return parsed !== undefined && formatNamedReference(parsed) === text ? parsed : undefined;
}

/** Whether a repository is the prefix, or below it. */
function isInPrefix(name: string, prefix: string): boolean {
  return name === prefix || name.startsWith(`${prefix}/`);
}

function isNameOnly({ tag, digest }: NamedReference): boolean {
  return tag === undefined && digest === undefined;
}

function parsedIdentity(text: string): NamedReference | undefined {
  try {
    return parseNamedReference(text);
  } catch (error) {
    if (isImageError(error)) return undefined;
    throw error;
  }
}
