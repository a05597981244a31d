import { imageName } from "../contract/image-reference.ts";
import type { ImageSource, Referrer } from "../contract/image-source.ts";
import type { Notice } from "../contract/notice.ts";
import type { CopyOptions } from "../copy/copy-options.ts";
import { isInstance } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";

/** How a referrer is found from what it refers to. */
export interface ReferrerLink {
  /** The manifest that it refers to. */
  readonly subject: Digest;
  /** Its own. */
  readonly digest: Digest;
  /** undefined where it is found by its `subject`. */
  readonly tag: string | undefined;
}

/** Whoever serves an image may invent referrers, and referrers of those, without an end. */
export const mostReferrers = 1000;

/** All that refers to a manifest, but for those of which it is known that their type is not wanted. @throws ImageError `unsupported` */
export async function linksTo(
  subject: Digest,
  source: ImageSource,
  options: CopyOptions,
): Promise<readonly ReferrerLink[]> {
  const types = wantedTypes(options);
  const artifactType = types?.length === 1 ? types[0] : undefined;
  const links: ReferrerLink[] = [];
  const add = (link: ReferrerLink): void => {
    if (links.push(link) > mostReferrers) throw tooMany(source);
  };
  for await (const one of source.getReferrers?.(subject, { ...options, artifactType }) ?? []) {
    const { digest, tag, mediaType } = one;
    if (tag !== undefined) {
      add({ subject, digest, tag });
      continue;
    }
    const isOther = one.artifactType !== undefined && types?.includes(one.artifactType) === false;
    if (isOther) continue;
    if (!mediaType || isInstance({ ...one, mediaType })) add({ subject, digest, tag });
    else options.onNotice?.(unknownReferrer(subject, one));
  }
  return links;
}

/** Of a type that no destination could be trusted with: nothing tells what it needs. */
function unknownReferrer(subject: Digest, { digest, mediaType }: Referrer): Notice {
  return {
    kind: "left-out",
    text: `left out ${digest}, which refers to ${subject}: manifests of type ${JSON.stringify(mediaType)} are not known here`,
  };
}

/** undefined for all. */
export function wantedTypes({ referrers }: CopyOptions): readonly string[] | undefined {
  return typeof referrers === "object" ? referrers.artifactTypes : undefined;
}

export function tooMany({ reference }: ImageSource): ImageError {
  return new ImageError(
    "unsupported",
    `More than ${mostReferrers} manifests refer to ${imageName(reference)} or to one another; say of which types they are to come along`,
    { reference: imageName(reference) },
  );
}
