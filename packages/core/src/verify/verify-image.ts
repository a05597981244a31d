import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { OpenImages } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { reporting } from "../contract/reported-options.ts";
import { NamedContent } from "./named-content.ts";
import { proveBlobs } from "./prove-blobs.ts";
import type { ProvenBlob } from "./prove-blobs.ts";
import type { BlobOutcome } from "./verify-event.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { totalOf } from "./verify-result.ts";
import type { VerifiedContent, VerifyResult } from "./verify-result.ts";

/**
 * Proves an image, or all images of a place of which none is named: that all manifests, configs and layers are there and
 * are the bytes of their digests, each once however often it is named. What is wrong is told, all of it, and not thrown.
 * @throws ImageError `not-found` where there is no such image; `unavailable` and the like where it could not be read to
 * the end; an abort's own reason
 */
export async function verifyImage(
  reference: ImageReference,
  options: VerifyOptions = {},
): Promise<VerifyResult> {
  const own = reporting(options);
  await using images = await openImages(reference, own);
  const content = await NamedContent.of(images.sources, own);
  const blobs = [...content.blobs.values()];
  const source = imageName(reference);
  const { count, bytes } = totalOf(blobs.map(({ blob }) => blob));
  own.onEvent?.({ kind: "inspected", source, blobs: count, bytes });
  for (const problem of content.problems) own.onEvent?.({ kind: "problem", problem });
  const proven = await proveBlobs(blobs, own);
  const result = {
    source,
    images: images.sources.length,
    manifests: totalOf(content.manifests),
    read: provenBy("read", proven),
    stored: provenBy("stored", proven),
    external: provenBy("external", proven),
    problems: [...content.problems, ...proven.flatMap(({ problem }) => problem ?? [])],
  };
  own.onEvent?.({ kind: "verified", result });
  return result;
}

async function openImages(
  reference: ImageReference,
  options: OperationOptions,
): Promise<OpenImages> {
  if (reference.newImageSources !== undefined) return reference.newImageSources(options);
  const source = await reference.newImageSource(options);
  return { sources: [source], [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
}

function provenBy(outcome: BlobOutcome, proven: readonly ProvenBlob[]): VerifiedContent {
  const blobs = proven.filter((one) => one.outcome === outcome);
  return totalOf(blobs.map(({ named }) => named.blob));
}
