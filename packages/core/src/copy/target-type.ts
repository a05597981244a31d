import type { DestinationAccepts } from "../contract/image-destination.ts";
import { conversionProblem } from "../manifest/edit-manifest.ts";
import type { Manifest } from "../manifest/manifest.ts";
import {
  isIndexMediaType,
  isSchema1MediaType,
  manifestMediaTypes,
  mediaTypes,
} from "../manifest/media-types.ts";
import { ImageError } from "../names/image-error.ts";
import { inConversionOrder } from "./conversion-order.ts";
import type { PlanOptions } from "./copy-options.ts";

/** The media type that a manifest is written in, and the reason if it changes. */
export interface TargetType {
  readonly mediaType: string;
  readonly reason: string | undefined;
  /** The media types to try, in order, if the destination rejects this one. */
  readonly fallbacks: readonly string[];
}

/**
 * Selects the media type of a manifest: its own type if allowed, else the first type in conversion order that the destination
 * accepts and the manifest can be converted to.
 * @throws ImageError `impossible-copy`
 */
export function targetTypeOf(
  manifest: Manifest,
  accepts: DestinationAccepts,
  options: PlanOptions,
  preserveReason: string | undefined,
): TargetType {
  const { mediaType } = manifest;
  const allowed = inConversionOrder(mediaType, allowedTypes(manifest, accepts, options));
  const isKept = allowed.includes(mediaType);
  if (isKept && preserveReason !== undefined)
    return { mediaType, reason: undefined, fallbacks: [] };
  const possible = allowed.filter((type) => conversionProblem(manifest, type) === undefined);
  if (isKept) {
    const fallbacks = possible.filter((type) => type !== mediaType);
    return { mediaType, reason: undefined, fallbacks };
  }
  const reason = reasonFor(mediaType, options);
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

/** Whether a manifest can be written in any type, if it may change. */
export function hasTargetType(
  manifest: Manifest,
  accepts: DestinationAccepts,
  options: PlanOptions,
): boolean {
  return allowedTypes(manifest, accepts, options).some(
    (type) => type === manifest.mediaType || conversionProblem(manifest, type) === undefined,
  );
}

/** Why a manifest of this type is converted. */
function reasonFor(mediaType: string, { manifestMIMEType, encryption }: PlanOptions): string {
  if (manifestMIMEType === undefined) return `the destination does not accept ${mediaType}`;
  return encryption === undefined
    ? `${manifestMIMEType} was requested`
    : `encrypted layers need ${manifestMIMEType}`;
}

function noTypeReason(manifest: Manifest, { manifestMIMEType }: PlanOptions): string {
  if (manifestMIMEType !== undefined) return "the destination does not accept that type";
  const isIndex = manifest.kind === "index";
  return isIndex
    ? "it accepts only single images; copy one of them"
    : "it does not accept single images";
}

function allowedTypes(
  manifest: Manifest,
  accepts: DestinationAccepts,
  options: PlanOptions,
): readonly string[] {
  const requested = options.manifestMIMEType;
  const requestedTypes =
    requested === undefined ? undefined : [requested, matchingIndexType(requested)];
  const accepted = acceptedTypes(accepts) ??
    requestedTypes ?? [manifest.mediaType, ...writableTypes];
  return (requestedTypes ?? accepted).filter(
    (type) => accepted.includes(type) && isIndexMediaType(type) === (manifest.kind === "index"),
  );
}

/** The types that the destination accepts; undefined for any. */
function acceptedTypes({ manifestMIMETypes }: DestinationAccepts): readonly string[] | undefined {
  return manifestMIMETypes?.length === 0 ? undefined : manifestMIMETypes;
}

/** The types that any destination may accept, in the order in which they are tried. */
const writableTypes = [...manifestMediaTypes, mediaTypes.dockerSchema1Signed];

function matchingIndexType(mediaType: string): string {
  const isDocker = mediaType === mediaTypes.dockerManifest || isSchema1MediaType(mediaType);
  return isDocker ? mediaTypes.dockerList : mediaTypes.ociIndex;
}
