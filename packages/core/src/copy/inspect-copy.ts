import type { ImageDestination } from "../contract/image-destination.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { digestOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";
import { instanceDigests, ManifestInspection, requireChosen } from "./inspect-manifests.ts";
import { inspectReferrers } from "./inspect-referrers.ts";
import { planCopy } from "./plan-copy.ts";
import { recallBlobs } from "./recall-blobs.ts";

/** Asks both sides all that a plan depends on, and writes nothing. @throws ImageError */
export async function inspectCopy(
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions = {},
): Promise<CopyFacts> {
  const inspection = new ManifestInspection(source, options);
  const image = await inspection.read();
  await requireChosen(source, image, options);
  const top = await inspection.chosen(image);
  const asked: CopyFacts = {
    source: imageName(source.reference),
    destination: imageName(destination.reference),
    sourceDigest: image.raw.digest,
    top,
    referrers: [],
    offers: source.offers,
    accepts: destination.accepts,
    pinned: destination.reference.dockerReference?.digest,
    keepsManifests: destination.madeUpManifest === undefined,
    named: undefined,
    present: new Set(),
    reusable: new Set(),
  };
  const there = await thereAt(source, destination, asked, options);
  const { present } = there;
  const referrers = await inspectReferrers(source, destination, { top, present }, options);
  const manifests = [top, ...referrers.map(({ manifest }) => manifest)];
  // Where there may be nothing to do, nothing is looked up for it.
  const remembered =
    present.size > 0 ? undefined : await recallBlobs(manifests, source, destination, options);
  return { ...asked, ...there, referrers, remembered };
}

/** Only a destination that has the topmost manifest, under this name or another, is asked about the others. */
async function thereAt(
  source: ImageSource,
  destination: ImageDestination,
  facts: CopyFacts,
  options: CopyOptions,
): Promise<Pick<CopyFacts, "named" | "isNew" | "present" | "reusable" | "same">> {
  const present = new Set<Digest>();
  const reusable = new Set<Digest>();
  if (options.repair) return { named: undefined, present, reusable };
  const { top, pinned } = facts;
  const { digest } = top.raw;
  const same = await sameImage(destination, top, options);
  if (same !== undefined) return { named: undefined, present, reusable, same };
  const look = async (wanted: Digest, listedBy?: Digest): Promise<void> => {
    const location = source.locateBlob?.({ digest: wanted });
    if (await destination.hasManifest?.(wanted, { ...options, location, listedBy }))
      reusable.add(wanted);
    const isThere =
      reusable.has(wanted) ||
      (destination.hasManifest === undefined &&
        (await destination.findManifestDigest?.(wanted, options)) === wanted);
    if (isThere) present.add(wanted);
  };
  const named = await destination.findManifestDigest?.(undefined, options);
  if (named === digest) present.add(digest);
  else if (
    destination.hasManifest &&
    pinned !== digest &&
    planCopy(facts, options).digest === digest
  )
    await look(digest);
  if (present.has(digest))
    await Promise.all(instanceDigests(top).map((instance) => look(instance, digest)));
  const isNew = destination.findManifestDigest && named === undefined && present.size === 0;
  return { named, isNew, present, reusable };
}

/** Signatures can only be added, and an index is no image. */
async function sameImage(
  destination: ImageDestination,
  { manifest, signatures }: ManifestFacts,
  options: CopyOptions,
): Promise<VerifiedManifest | undefined> {
  if (manifest.kind !== "image" || signatures.length > 0) return undefined;
  const same = await destination.findSameImage?.(manifest, options);
  return same && { ...same, digest: digestOf(same.bytes) };
}
