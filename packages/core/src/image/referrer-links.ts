import { imageName } from "../contract/image-reference.ts";
import type { ImageSource, Referrer } from "../contract/image-source.ts";
import type { Notice } from "../contract/notice.ts";
import { isInstance } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import { requestedTypes } from "./referrer-selection.ts";
import type { ReferrerOptions } from "./referrer-selection.ts";

/** A referrer, and how it is found from its subject. */
export interface ReferrerLink {
  /** The manifest that the referrer refers to. */
  readonly subject: Digest;
  /** The digest of the referrer. */
  readonly digest: Digest;
  /** The tag of the referrer; undefined if it is found by its `subject`. */
  readonly tag: string | undefined;
}

/** A limit, because a malicious registry could return referrers, and referrers of those, without end. */
export const maxReferrers = 1000;

/**
 * Lists the referrers of a manifest, except for those of other types than requested, as far as their type is listed.
 * @throws ImageError `unsupported`
 */
export async function listReferrers(
  subject: Digest,
  source: ImageSource,
  options: ReferrerOptions,
): Promise<readonly ReferrerLink[]> {
  const types = requestedTypes(options);
  const artifactType = types?.length === 1 ? types[0] : undefined;
  const links: ReferrerLink[] = [];
  const add = (link: ReferrerLink): void => {
    if (links.push(link) > maxReferrers) throw tooManyReferrers(source);
  };
  for await (const referrer of source.getReferrers?.(subject, { ...options, artifactType }) ?? []) {
    const { digest, tag, mediaType } = referrer;
    if (tag !== undefined) {
      add({ subject, digest, tag });
      continue;
    }
    const isOther =
      referrer.artifactType !== undefined && types?.includes(referrer.artifactType) === false;
    if (isOther) continue;
    if (!mediaType || isInstance({ ...referrer, mediaType })) add({ subject, digest, tag });
    else options.onNotice?.(unknownReferrer(subject, referrer));
  }
  return links;
}

/** Reports a referrer of an unknown manifest type, which cannot be copied because its blobs are unknown. */
function unknownReferrer(subject: Digest, { digest, mediaType }: Referrer): Notice {
  return {
    kind: "left-out",
    text: `left out ${digest}, which refers to ${subject}: manifests of type ${JSON.stringify(mediaType)} are not supported`,
  };
}

/** The error for more than `maxReferrers` referrers. */
export function tooManyReferrers({ reference }: ImageSource): ImageError {
  return new ImageError(
    "unsupported",
    `More than ${maxReferrers} manifests refer to ${imageName(reference)} or to one another; select them by artifact type`,
    { reference: imageName(reference) },
  );
}
