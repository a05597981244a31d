import type { Digest } from "../digest.ts";
import type { ImageDestination } from "../image-destination.ts";
import { imageName } from "../image-reference.ts";
import type { ImageSource } from "../image-source.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";
import { admitted, chosen, instanceDigests } from "./inspect-manifests.ts";
import { inspectReferrers } from "./inspect-referrers.ts";
import { planCopy } from "./plan-copy.ts";
import { recallBlobs } from "./recall-blobs.ts";

/** Asks both sides all that a plan depends on, and writes nothing. @throws ImageError */
export async function inspectCopy(
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions = {},
): Promise<CopyFacts> {
  const image = await admitted(source, undefined, undefined, options);
  const top = await chosen(source, image, options);
  const asked: CopyFacts = {
    source: imageName(source.reference),
    destination: imageName(destination.reference),
    sourceDigest: image.raw.digest,
    top,
    referrers: [],
    offers: source.offers,
    accepts: destination.accepts,
    pinned: destination.reference.dockerReference?.digest,
    named: undefined,
    present: new Set(),
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
): Promise<Pick<CopyFacts, "named" | "present">> {
  if (options.repair) return { named: undefined, present: new Set() };
  const { top, pinned } = facts;
  const { digest } = top.raw;
  const has = async (wanted: Digest, listedBy?: Digest): Promise<boolean | undefined> => {
    const location = source.locateBlob?.({ digest: wanted });
    return destination.hasManifest?.(wanted, { ...options, location, listedBy });
  };
  const named = await destination.findManifestDigest?.(undefined, options);
  if (named !== digest) {
    const mayBeThere = pinned !== digest && planCopy(facts, options).digest === digest;
    if (!mayBeThere || !(await has(digest))) return { named, present: new Set() };
  }
  const present = new Set([digest]);
  const look = async (instance: Digest): Promise<void> => {
    const isThere =
      (await has(instance, digest)) ??
      (await destination.findManifestDigest?.(instance, options)) === instance;
    if (isThere) present.add(instance);
  };
  await Promise.all(instanceDigests(top).map(look));
  return { named, present };
}
