import type { Digest } from "../digest.ts";
import type { ImageSource } from "../image-source.ts";
import { chooseInstance, chooseInstances } from "../manifest/choose-instance.ts";
import { typedManifest } from "../manifest/manifest-type.ts";
import { parseManifest } from "../manifest/manifest.ts";
import type { ImageIndex } from "../manifest/manifest.ts";
import { isIndexMediaType } from "../manifest/media-types.ts";
import { requirePlatforms } from "../manifest/require-platforms.ts";
import { hostPlatform } from "../platform.ts";
import type { Platform } from "../platform.ts";
import { UnparsedImage } from "../unparsed-image.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions, InstanceSelection } from "./copy-options.ts";

/** One manifest, parsed only after the policy let its image pass; an index is not asked about, its images are. */
export async function admitted(
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

/** An image as it is; of an index what the options choose. */
export async function chosen(
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

/** Checks an image that no index lists against the platforms that were asked for. @throws ImageError `not-found` */
export async function requireChosen(
  source: ImageSource,
  { manifest }: ManifestFacts,
  { instances = "system", platform, requirePlatform, ...options }: CopyOptions,
): Promise<void> {
  if (manifest.kind !== "image") return;
  if (typeof instances === "object")
    await requirePlatforms(source, manifest, instances.platforms, options);
  else if (instances === "system" && requirePlatform && platform !== undefined)
    await requirePlatforms(source, manifest, [platform], options);
}

/** Of all that an index names, at any depth, as far as it was chosen. */
export function instanceDigests(facts: ManifestFacts): readonly Digest[] {
  return facts.instances.flatMap((instance) =>
    instance === undefined ? [] : [instance.raw.digest, ...instanceDigests(instance)],
  );
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
