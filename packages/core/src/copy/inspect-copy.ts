import type { Digest } from "../digest.ts";
import type { ImageDestination } from "../image-destination.ts";
import { imageName } from "../image-reference.ts";
import type { ImageSource } from "../image-source.ts";
import { chooseInstance, chooseInstances } from "../manifest/choose-instance.ts";
import { typedManifest } from "../manifest/manifest-type.ts";
import { parseManifest } from "../manifest/manifest.ts";
import type { ImageIndex } from "../manifest/manifest.ts";
import { isIndexMediaType } from "../manifest/media-types.ts";
import { hostPlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";
import { UnparsedImage } from "../unparsed-image.ts";
import type { CopyFacts, ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions, InstanceSelection } from "./copy-options.ts";

/** Asks both sides all that a plan depends on, and writes nothing. @throws ImageError */
export async function inspectCopy(
  source: ImageSource,
  destination: ImageDestination,
  options: CopyOptions = {},
): Promise<CopyFacts> {
  const named = await admitted(source, undefined, undefined, options);
  const top = await chosen(source, named, options);
  return {
    source: imageName(source.reference),
    destination: imageName(destination.reference),
    sourceDigest: named.raw.digest,
    top,
    offers: source.offers,
    accepts: destination.accepts,
    pinned: destination.reference.dockerReference?.digest,
    present: await presentAt(destination, top, options),
  };
}

/** One manifest, parsed only after the policy let its image pass; an index is not asked about, its images are. */
async function admitted(
  source: ImageSource,
  instance: Digest | undefined,
  platform: Platform | undefined,
  options: CopyOptions,
): Promise<ManifestFacts> {
  const unparsed = new UnparsedImage(source, instance);
  const raw = await unparsed.manifest(options);
  const isIndex = isIndexMediaType(typedManifest(raw).mediaType);
  if (!isIndex) await options.policy?.admit(unparsed, options);
  const signatures = options.removeSignatures ? [] : await unparsed.signatures(options);
  return { raw, manifest: parseManifest(raw), platform, signatures, instances: [] };
}

async function chosen(
  source: ImageSource,
  facts: ManifestFacts,
  options: CopyOptions,
): Promise<ManifestFacts> {
  if (facts.manifest.kind === "image") return facts;
  const selection = options.instances ?? "system";
  if (selection === "system") {
    const platform = options.platform ?? hostPlatform();
    const entry = chooseInstance(facts.manifest, platform);
    const instance = await admitted(source, entry.digest, entry.platform, options);
    return chosen(source, instance, options);
  }
  return withInstances(source, facts, facts.manifest, selection, options);
}

async function withInstances(
  source: ImageSource,
  facts: ManifestFacts,
  index: ImageIndex,
  selection: Exclude<InstanceSelection, "system">,
  options: CopyOptions,
): Promise<ManifestFacts> {
  const wanted = new Set(
    selection === "all" ? index.manifests : chooseInstances(index, selection.platforms),
  );
  const instances: (ManifestFacts | undefined)[] = index.manifests.map(() => undefined);
  const queue = index.manifests.entries();
  const readers = Array.from({ length: Math.max(1, source.offers.parallelBlobs) }, async () => {
    for (const [at, entry] of queue) {
      if (!wanted.has(entry)) continue;
      const instance = await admitted(source, entry.digest, entry.platform, options);
      instances[at] = await chosen(source, instance, { ...options, instances: "all" });
    }
  });
  await Promise.all(readers);
  return { ...facts, instances };
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

function instanceDigests(facts: ManifestFacts): readonly Digest[] {
  return facts.instances.flatMap((instance) =>
    instance === undefined ? [] : [instance.raw.digest, ...instanceDigests(instance)],
  );
}
