import type { ImageDestination } from "../contract/image-destination.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { digestOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { embeddedNameOf } from "../schema1/edit-schema1.ts";
import { isInScope, scopeOf } from "./blob-scope.ts";
import { findCachedBlobs } from "./cached-blobs.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";
import {
  instanceDigests,
  ManifestInspection,
  requireSelectedPlatforms,
} from "./inspect-manifests.ts";
import { inspectReferrers } from "./inspect-referrers.ts";
import { planCopy } from "./plan-copy.ts";

/** Collects the facts for a plan from both sides. Writes nothing. @throws ImageError */
export async function inspectCopy(
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions = {},
): Promise<CopyFacts> {
  const inspection = new ManifestInspection(source, options);
  const image = await inspection.read();
  await requireSelectedPlatforms(source, image, options);
  const top = await inspection.select(image);
  const facts: CopyFacts = {
    source: imageName(source.reference),
    destination: imageName(destination.reference),
    sourceDigest: image.raw.digest,
    top,
    referrers: [],
    offers: source.offers,
    accepts: destination.accepts,
    pinned: destination.reference.dockerReference?.digest,
    destinationName: embeddedNameOf(destination.reference.dockerReference),
    currentDigest: undefined,
    isSameStore: isSameStore(top, source, destination),
    present: new Set(),
    reusable: new Set(),
  };
  const destinationFacts = await inspectDestination(source, destination, facts, options);
  const { present } = destinationFacts;
  const referrers = await inspectReferrers(source, destination, { top, present }, options);
  const manifests = [top, ...referrers.map(({ manifest }) => manifest)];
  // If the manifest is present, there may be nothing to copy, so a lookup could be wasted.
  const cachedBlobs =
    present.size > 0 ? undefined : await findCachedBlobs(manifests, source, destination, options);
  return { ...facts, ...destinationFacts, referrers, cachedBlobs };
}

/** Whether the destination locates the manifest in the same store as the source. */
function isSameStore(
  { raw: { digest } }: ManifestFacts,
  source: ImageSource,
  destination: ImageDestination,
): boolean {
  const scope = scopeOf(destination.locateBlob?.({ digest }));
  return scope !== undefined && isInScope(source.locateBlob?.({ digest }), scope);
}

/** Looks up manifests at the destination: the instances only if it has the top-level manifest, under any name. */
async function inspectDestination(
  source: ImageSource,
  destination: ImageDestination,
  facts: CopyFacts,
  options: CopyOptions,
): Promise<Pick<CopyFacts, "currentDigest" | "isNew" | "present" | "reusable" | "existing">> {
  const present = new Set<Digest>();
  const reusable = new Set<Digest>();
  if (options.repair) return { currentDigest: undefined, present, reusable };
  if (facts.accepts.preservesManifests === false) {
    const existing = await existingImage(destination, facts.top, options);
    return { currentDigest: undefined, present, reusable, existing };
  }
  const { top, pinned } = facts;
  const { digest } = top.raw;
  const lookUp = async (wanted: Digest, index?: Digest): Promise<void> => {
    const location = source.locateBlob?.({ digest: wanted });
    const manifest = index === undefined ? top.manifest : undefined;
    const reuseOptions = { ...options, location, index, manifest };
    const reused = await destination.tryReusingManifest?.(wanted, reuseOptions);
    if (reused === undefined) return;
    present.add(wanted);
    if (!reused.mustBePut) reusable.add(wanted);
  };
  const currentDigest = await destination.resolve?.(options);
  if (currentDigest === digest) present.add(digest);
  else if (
    destination.tryReusingManifest !== undefined &&
    pinned !== digest &&
    planCopy(facts, options).digest === digest
  )
    await lookUp(digest);
  if (present.has(digest))
    await Promise.all(instanceDigests(top).map((instance) => lookUp(instance, digest)));
  const isNew = destination.resolve && currentDigest === undefined && present.size === 0;
  return { currentDigest, isNew, present, reusable };
}

/** The manifest that a store generates for the same image; undefined if the copy has signatures to add. */
async function existingImage(
  destination: ImageDestination,
  { raw, manifest, signatures }: ManifestFacts,
  options: CopyOptions,
): Promise<VerifiedManifest | undefined> {
  if (manifest.kind !== "image" || signatures.length > 0) return undefined;
  const reused = await destination.tryReusingManifest?.(raw.digest, { ...options, manifest });
  const generated = reused?.manifest;
  return generated && { ...generated, digest: digestOf(generated.bytes) };
}
