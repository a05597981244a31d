import { runAll } from "../content/run-all.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { listReferrers, maxReferrers, tooManyReferrers } from "../image/referrer-links.ts";
import type { ReferrerLink } from "../image/referrer-links.ts";
import { requestedTypes } from "../image/referrer-selection.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError, isImageError } from "../names/image-error.ts";
import type { CopyFacts, ManifestFacts, ReferrerFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";
import { instanceDigests, ManifestInspection } from "./inspect-manifests.ts";

/**
 * Finds the referrers of all copied manifests, and their referrers. Looks them up at the destination only if it has the
 * image.
 * @throws ImageError `unsupported` if the source does not support referrers
 */
export async function inspectReferrers(
  source: ImageSource,
  destination: ImageDestination,
  { top, present }: Pick<CopyFacts, "top" | "present">,
  options: CopyOptions,
): Promise<readonly ReferrerFacts[]> {
  if (!options.referrers) return [];
  requireReferrerSupport(source);
  const inspection = new ManifestInspection(source, {
    ...options,
    policy: undefined,
    removeSignatures: true,
    instances: "all",
  });
  const referrers: ReferrerFacts[] = [];
  const visited = new Set<Digest>();
  for (let level: readonly ManifestFacts[] = [top]; level.length > 0;) {
    const digests = level.flatMap((one) => [one.raw.digest, ...instanceDigests(one)]);
    const subjects = [...new Set(digests)].filter((digest) => !visited.has(digest));
    const links = await listAllReferrers(source, subjects, options);
    if (referrers.length + links.length > maxReferrers) throw tooManyReferrers(source);
    const next = await mapAll(links, source, options, (link, itemOptions) =>
      readReferrer(link, inspection, itemOptions),
    );
    const read = next.filter((one) => one !== undefined);
    referrers.push(...read);
    for (const subject of subjects) visited.add(subject);
    level = read.map(({ manifest }) => manifest);
  }
  const isImagePresent = present.has(top.raw.digest) && referrers.length > 0;
  return isImagePresent ? withPresence(referrers, destination, options) : referrers;
}

async function listAllReferrers(
  source: ImageSource,
  subjects: readonly Digest[],
  options: CopyOptions,
): Promise<readonly ReferrerLink[]> {
  const links = await mapAll(subjects, source, options, (subject, itemOptions) =>
    listReferrers(subject, source, itemOptions),
  );
  return links.flat();
}

/** Reads a referrer. Returns undefined if its type is not requested, or if it no longer exists. */
async function readReferrer(
  { subject, digest, tag }: ReferrerLink,
  inspection: ManifestInspection,
  options: CopyOptions,
): Promise<ReferrerFacts | undefined> {
  const whole = { ...options, policy: undefined, removeSignatures: true };
  try {
    const manifest = await inspection.read(digest, whole);
    if (!isRequested(manifest, tag, options)) return undefined;
    return { subject, tag, manifest: await inspection.select(manifest), isPresent: false };
  } catch (error) {
    if (isImageError(error, "not-found")) return undefined;
    throw error;
  }
}

/** Whether the type of a referrer is requested. A referrer that is found by its tag may have the type in a layer. */
function isRequested(
  { manifest }: ManifestFacts,
  tag: string | undefined,
  options: CopyOptions,
): boolean {
  const requested = requestedTypes(options);
  if (requested === undefined) return true;
  if (manifest.kind === "schema1") return false;
  if (manifest.kind === "index") return requested.includes(manifest.artifactType ?? "");
  const isImage = manifest.kind === "image";
  const type = manifest.artifactType ?? (isImage ? manifest.config.mediaType : "");
  const blobs = isImage ? manifest.layers : manifest.blobs;
  const types = tag === undefined ? [] : blobs.map(({ mediaType }) => mediaType);
  return [type, ...types].some((one) => requested.includes(one));
}

/** Marks the referrers that the destination has. If it cannot be read, all are treated as missing. */
async function withPresence(
  found: readonly ReferrerFacts[],
  destination: ImageDestination,
  options: CopyOptions,
): Promise<readonly ReferrerFacts[]> {
  try {
    await using destinationSource = await destination.reference.newImageSource(options);
    const links = await listAllReferrers(
      destinationSource,
      [...new Set(found.map(({ subject }) => subject))],
      options,
    );
    const known = new Set(links.map(keyOf));
    return found.map((referrer) => {
      const { digest } = referrer.manifest.raw;
      return { ...referrer, isPresent: known.has(keyOf({ ...referrer, digest })) };
    });
  } catch (error) {
    if (!isImageError(error) || options.signal?.aborted) throw error;
    return found;
  }
}

function keyOf({ subject, digest, tag = "" }: ReferrerLink): string {
  return `${subject} ${digest} ${tag}`;
}

/** Maps items in parallel, within the limit of the source. Returns the results in order. */
async function mapAll<Item, Result>(
  items: readonly Item[],
  { offers }: ImageSource,
  options: CopyOptions,
  work: (item: Item, options: CopyOptions) => Promise<Result>,
): Promise<readonly Result[]> {
  const results = new Map<number, Result>();
  const limits = { count: offers.parallelBlobs };
  await runAll([...items.entries()], limits, options.signal, async ([at, item], signal) => {
    results.set(at, await work(item, { ...options, signal }));
  });
  return items.map((_, at) => results.get(at) as Result);
}

function requireReferrerSupport(source: ImageSource): void {
  if (source.getReferrers !== undefined) return;
  const { reference } = source;
  throw new ImageError(
    "unsupported",
    `${reference.transport.name} does not support referrers; copy without referrers`,
    { reference: imageName(reference) },
  );
}
