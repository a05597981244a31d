import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { reporting } from "../contract/reported-options.ts";
import { checkBlobs } from "./check-blobs.ts";
import type { CheckedBlob } from "./check-blobs.ts";
import { ReferencedContent } from "./referenced-content.ts";
import type { BlobOutcome } from "./verify-event.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { totalOf } from "./verify-result.ts";
import type { VerifiedContent, VerifyResult } from "./verify-result.ts";

/**
 * Verifies an image, or all images of a store if the reference names none: all manifests, configs and layers exist and
 * match their digests. Each is checked once. Problems are in the result and are not thrown.
 * @throws ImageError `not-found` if the image does not exist; other codes, such as `unavailable`, if it could not be read;
 * the reason of an abort
 */
export async function verifyImage(
  reference: ImageReference,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const reportingOptions = reporting(options);
  await using images = await openImages(reference, reportingOptions);
  const content = await ReferencedContent.read(images.sources, reportingOptions);
  const blobs = [...content.blobs.values()];
  const source = imageName(reference);
  const { count, bytes } = totalOf(blobs.map(({ blob }) => blob));
  reportingOptions.onEvent?.({ kind: "inspected", source, blobs: count, bytes });
  for (const problem of content.problems) reportingOptions.onEvent?.({ kind: "problem", problem });
  const checked = await checkBlobs(blobs, reportingOptions);
  const result = {
    source,
    images: images.sources.length,
    manifests: totalOf(content.manifests),
    read: totalWithOutcome("read", checked),
    stored: totalWithOutcome("stored", checked),
    external: totalWithOutcome("external", checked),
    problems: [...content.problems, ...checked.flatMap(({ problem }) => problem ?? [])],
  };
  reportingOptions.onEvent?.({ kind: "verified", result });
  return result;
}

interface OpenImages extends AsyncDisposable {
  readonly sources: readonly ImageSource[];
}

/** Opens all images of a location, or the image that the reference names. */
async function openImages(
  reference: ImageReference,
  options: OperationOptions,
): Promise<OpenImages> {
  if (reference.isLocation !== true || reference.listImages === undefined) {
    const source = await reference.newImageSource(options);
    return { sources: [source], [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
  }
  const listing = await reference.listImages(options);
  const close = async (): Promise<void> => listing[Symbol.asyncDispose]();
  try {
    const sources: ImageSource[] = [];
    for (const image of listing.images) sources.push(await image.newImageSource(options));
    return { sources, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

function totalWithOutcome(outcome: BlobOutcome, checked: readonly CheckedBlob[]): VerifiedContent {
  const blobs = checked.filter((blob) => blob.outcome === outcome);
  return totalOf(blobs.map(({ named }) => named.blob));
}
