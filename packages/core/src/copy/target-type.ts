import type { DestinationAccepts } from "../contract/image-destination.ts";
import { conversionProblem } from "../manifest/edit-manifest.ts";
import type { Manifest } from "../manifest/manifest.ts";
import { isIndexMediaType, manifestMediaTypes, mediaTypes } from "../manifest/media-types.ts";
import { ImageError } from "../names/image-error.ts";
import type { PlanOptions } from "./copy-options.ts";

/** The type in which a manifest will be written, and why where it is another than before. */
export interface TargetType {
  readonly mediaType: string;
  readonly reason: string | undefined;
  /** The types to try next, in this order, should the destination reject that one. */
  readonly fallbacks: readonly string[];
}

/** Its own type where that may be, else the first that the destination takes and that it can become. @throws ImageError `impossible-copy` */
export function targetTypeOf(
  manifest: Manifest,
  accepts: DestinationAccepts,
  options: PlanOptions,
  preserveReason: string | undefined,
): TargetType {
  const { mediaType } = manifest;
  const allowed = allowedTypes(manifest, accepts, options);
  const isKept = allowed.includes(mediaType);
  if (isKept && preserveReason !== undefined)
    return { mediaType, reason: undefined, fallbacks: [] };
  const possible = allowed.filter((type) => conversionProblem(manifest, type) === undefined);
  if (isKept) {
    const fallbacks = possible.filter((type) => type !== mediaType);
    return { mediaType, reason: undefined, fallbacks };
  }
  const reason =
    options.manifestMIMEType === undefined
      ? `the destination does not take ${mediaType}`
      : `${options.manifestMIMEType} was requested`;
  if (preserveReason !== undefined) {
    throw new ImageError(
      "impossible-copy",
      `The manifest would have to change (${reason}), but ${preserveReason}`,
    );
  }
  const [target, ...fallbacks] = possible;
  if (target !== undefined) return { mediaType: target, reason, fallbacks };
  const problems = allowed.map((type) => conversionProblem(manifest, type));
  const why = problems.length === 0 ? noTypeReason(manifest, options) : problems.join("; ");
  throw new ImageError("impossible-copy", `${reason}, and it cannot be converted: ${why}`);
}

function noTypeReason(manifest: Manifest, { manifestMIMEType }: PlanOptions): string {
  if (manifestMIMEType !== undefined) return "the destination does not take that type";
  const isIndex = manifest.kind === "index";
  return isIndex ? "it takes single images; copy one of them" : "it takes no single images";
}

function allowedTypes(
  manifest: Manifest,
  accepts: DestinationAccepts,
  options: PlanOptions,
): readonly string[] {
  const asked = options.manifestMIMEType;
  const wanted = asked === undefined ? undefined : [asked, matchingIndexType(asked)];
  const taken = acceptedTypes(accepts) ?? wanted ?? [manifest.mediaType, ...manifestMediaTypes];
  return (wanted ?? taken).filter(
    (type) => taken.includes(type) && isIndexMediaType(type) === (manifest.kind === "index"),
  );
}

/** undefined where it takes any. */
function acceptedTypes({ manifestMIMETypes }: DestinationAccepts): readonly string[] | undefined {
  return manifestMIMETypes?.length === 0 ? undefined : manifestMIMETypes;
}

function matchingIndexType(mediaType: string): string {
  return mediaType === mediaTypes.dockerManifest ? mediaTypes.dockerList : mediaTypes.ociIndex;
}
