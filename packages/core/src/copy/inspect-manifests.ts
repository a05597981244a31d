import { checkSize } from "../content/verified-blob.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { admit } from "../image/image-policy.ts";
import { schema1Layers } from "../image/schema1-layers.ts";
import { UnparsedImage } from "../image/unparsed-image.ts";
import { chooseInstance, chooseInstances } from "../manifest/choose-instance.ts";
import { blobsOf, isInstance, parseManifest } from "../manifest/manifest.ts";
import type { ImageIndex, InstanceDescriptor } from "../manifest/manifest.ts";
import { hostPlatform } from "../manifest/platform.ts";
import { requirePlatforms } from "../manifest/require-platforms.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import type { ManifestFacts } from "./copy-facts.ts";
import type { CopyOptions } from "./copy-options.ts";

/** The maximum nesting depth of indexes, and the maximum number of manifests in them, including repetitions. */
const maxDepth = 8;
const maxManifests = 10_000;

/** Reads the manifests of a copy, each once. */
export class ManifestInspection {
  readonly #source: ImageSource;
  readonly #options: CopyOptions;
  readonly #read = new Map<Digest, Promise<ManifestFacts>>();
  readonly #complete = new Map<Digest, Promise<ManifestFacts>>();
  /** The number of manifests in each index, including the index itself. */
  readonly #counts = new Map<Digest, number>();

  constructor(source: ImageSource, options: CopyOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Reads the manifest that the reference names, or an instance. Parses it only after the policy has admitted it. */
  async read(
    instance?: Digest,
    options: CopyOptions = this.#options,
    size?: number,
  ): Promise<ManifestFacts> {
    const unparsed = new UnparsedImage(this.#source, instance, size);
    const raw = await admit(unparsed, options);
    const signatures = options.removeSignatures ? [] : await unparsed.signatures(options);
    const manifest = parseManifest(raw);
    const facts = { raw, manifest, platform: undefined, signatures, instances: [] };
    if (manifest.kind !== "schema1") return facts;
    return { ...facts, layers: await schema1Layers(this.#source, manifest, options) };
  }

  /** Selects instances of an index by the options. Other manifests are unchanged. @throws ImageError `invalid-manifest` for too many manifests */
  async select(facts: ManifestFacts, depth = 0): Promise<ManifestFacts> {
    const { manifest } = facts;
    if (manifest.kind !== "index") return facts;
    const selection = this.#options.instances ?? "system";
    if (selection === "all") return this.#withAllInstances(facts, depth);
    if (selection === "index-only") return this.#withInstances(facts, [], depth);
    if (selection !== "system")
      return this.#withInstances(facts, chooseInstances(manifest, selection.platforms), depth);
    if (depth >= maxDepth) throw this.#tooDeep();
    const platform = this.#options.platform ?? hostPlatform();
    return this.select(await this.#instance(chooseInstance(manifest, platform)), depth + 1);
  }

  /** Reads all instances of an index, at any depth. */
  async #withAllInstances(facts: ManifestFacts, depth: number): Promise<ManifestFacts> {
    const { manifest, raw } = facts;
    if (manifest.kind !== "index") return facts;
    let whole = this.#complete.get(raw.digest);
    if (whole === undefined) {
      whole = this.#withInstances(facts, manifest.manifests, depth);
      this.#complete.set(raw.digest, whole);
    }
    return { ...(await whole), platform: facts.platform };
  }

  async #withInstances(
    facts: ManifestFacts,
    entries: readonly InstanceDescriptor[],
    depth: number,
  ): Promise<ManifestFacts> {
    if (depth >= maxDepth) throw this.#tooDeep();
    const index = facts.manifest as ImageIndex;
    const { manifests } = index;
    const selected = new Set(entries);
    const instances: (ManifestFacts | undefined)[] = manifests.map(() => undefined);
    const queue = manifests.entries();
    const readers = Array.from(
      { length: Math.max(1, this.#source.offers.parallelBlobs) },
      async () => {
        for (const [at, entry] of queue) {
          if (!selected.has(entry) || !isInstance(entry)) continue;
          instances[at] = await this.#withAllInstances(await this.#instance(entry), depth + 1);
        }
      },
    );
    await Promise.all(readers);
    this.#addCount(facts.raw.digest, instances);
    return {
      ...facts,
      instances,
      blobs: blobsOf(index).filter((one) => selected.has(one)),
    };
  }

  /** Reads the manifest of an entry and checks its size. */
  async #instance({ digest, size, platform }: InstanceDescriptor): Promise<ManifestFacts> {
    let read = this.#read.get(digest);
    if (read === undefined) {
      read = this.read(digest, this.#options, size);
      this.#read.set(digest, read);
    }
    const facts = await read;
    checkSize(digest, facts.raw.bytes.byteLength, size);
    return { ...facts, platform };
  }

  #addCount(index: Digest, instances: readonly (ManifestFacts | undefined)[]): void {
    let count = 1;
    for (const instance of instances)
      if (instance !== undefined) count += this.#counts.get(instance.raw.digest) ?? 1;
    this.#counts.set(index, count);
    if (count <= maxManifests) return;
    throw this.#invalid(`references more than ${maxManifests} manifests`);
  }

  #tooDeep(): ImageError {
    return this.#invalid(`has indexes nested more than ${maxDepth} levels deep`);
  }

  #invalid(why: string): ImageError {
    const reference = imageName(this.#source.reference);
    return new ImageError(
      "invalid-manifest",
      `${reference} ${why}; copy its images by their digests`,
      { reference },
    );
  }
}

/** Checks an image outside an index against the requested platforms. @throws ImageError `not-found` */
export async function requireSelectedPlatforms(
  source: ImageSource,
  { manifest }: ManifestFacts,
  { instances = "system", platform, requirePlatform, ...options }: CopyOptions,
): Promise<void> {
  if (manifest.kind === "index" || manifest.kind === "artifact") return;
  if (typeof instances === "object")
    await requirePlatforms(source, manifest, instances.platforms, options);
  else if (instances === "system" && requirePlatform && platform !== undefined)
    await requirePlatforms(source, manifest, [platform], options);
}

/** The digests of all selected instances of an index, at any depth, without repetitions. */
export function instanceDigests(facts: ManifestFacts): readonly Digest[] {
  const found = new Set<Digest>();
  const add = ({ instances }: ManifestFacts): void => {
    for (const instance of instances) {
      if (instance === undefined || found.has(instance.raw.digest)) continue;
      found.add(instance.raw.digest);
      add(instance);
    }
  };
  add(facts);
  return [...found];
}
