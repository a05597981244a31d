import type { Digest } from "../digest.ts";
import type { ImageDestination } from "../image-destination.ts";
import { imageName } from "../image-reference.ts";
import type { ImageSource } from "../image-source.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";
import { admitted, chosen, instanceDigests } from "./inspect-manifests.ts";
import { inspectReferrers } from "./inspect-referrers.ts";
import { recallBlobs } from "./recall-blobs.ts";

/** Asks both sides all that a plan depends on, and writes nothing. @throws ImageError */
export async function inspectCopy(
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions = {},
): Promise<CopyFacts> {
  const named = await admitted(source, undefined, undefined, options);
  const top = await chosen(source, named, options);
  const present = await presentAt(destination, top, options);
  const referrers = await inspectReferrers(source, destination, { top, present }, options);
  const manifests = [top, ...referrers.map(({ manifest }) => manifest)];
  return {
    source: imageName(source.reference),
    destination: imageName(destination.reference),
    sourceDigest: named.raw.digest,
    top,
    referrers,
    offers: source.offers,
    accepts: destination.accepts,
    pinned: destination.reference.dockerReference?.digest,
    present,
    // Where there may be nothing to do, nothing is looked up for it.
    remembered:
      present.size > 0 ? undefined : await recallBlobs(manifests, source, destination, options),
  };
}

/** Only a destination whose topmost manifest is the right one is asked about the others. */
async function presentAt(
  destination: ImageDestination,
  top: ManifestFacts,
  options: CopyOptions,
): Promise<ReadonlySet<Digest>> {
  const found = await destination.findManifestDigest?.(undefined, options);
  if (found !== top.raw.digest) return new Set();
  const digests = instanceDigests(top);
  const there = await Promise.all(
    digests.map(async (digest) => destination.findManifestDigest?.(digest, options)),
  );
  return new Set([found, ...there.filter((digest) => digest !== undefined)]);
}
