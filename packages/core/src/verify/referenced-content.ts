import { runAll } from "../content/run-all.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import { listReferrers, maxReferrers, tooManyReferrers } from "../image/referrer-links.ts";
import { schema1Layers } from "../image/schema1-layers.ts";
import { chooseInstances } from "../manifest/choose-instance.ts";
import { manifestDigestOf } from "../manifest/manifest-digest.ts";
import { blobsOf, instancesOf, isInstance, parseManifest } from "../manifest/manifest.ts";
import type { ImageIndex, Manifest } from "../manifest/manifest.ts";
import { requirePlatforms } from "../manifest/require-platforms.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError, isImageError } from "../names/image-error.ts";
import type { VerifyOptions } from "./verify-options.ts";
import { differenceIn, problemOf } from "./verify-problem.ts";
import type { ImagePart, ProblemSubject, VerifyProblem } from "./verify-problem.ts";

/** A config or a layer, with all manifests that reference it. */
export interface ReferencedBlob {
  readonly blob: Descriptor;
  readonly part: Exclude<ImagePart, "manifest">;
  /** The first source that references it. */
  readonly source: ImageSource;
  readonly namedBy: Digest[];
  /** Whether all its descriptors have external URLs. */
  mayBeExternal: boolean;
}

/** The maximum number of manifests of one image. */
const maxManifests = 10_000;

/** A manifest to read. */
interface PendingManifest {
  readonly source: ImageSource;
  /** undefined for the manifest that the reference names. */
  readonly instance: Digest | undefined;
  readonly size: number | undefined;
  readonly namedBy: Digest[];
  readonly isRoot: boolean;
}

/**
 * The verified manifests of images, and the blobs that they reference. Reads each manifest once.
 * @throws ImageError `not-found` if the only image, or one of its platforms, does not exist
 */
export class ReferencedContent {
  readonly manifests: { readonly digest: Digest; readonly size: number }[] = [];
  readonly blobs: Map<string, ReferencedBlob> = new Map();
  readonly problems: VerifyProblem[] = [];
  readonly #seen = new Map<Digest, PendingManifest>();
  /** Manifests that are also referenced with another size. */
  readonly #sizeConflicts: PendingManifest[] = [];
  readonly #options: VerifyOptions;
  readonly #isSingleImage: boolean;
  #referrerCount = 0;

  private constructor(sources: readonly ImageSource[], options: VerifyOptions) {
    this.#options = options;
    this.#isSingleImage = sources.length === 1;
  }

  static async read(
    sources: readonly ImageSource[],
    options: VerifyOptions,
  ): Promise<ReferencedContent> {
    const content = new ReferencedContent(sources, options);
    const root = { instance: undefined, size: undefined, isRoot: true };
    let level = sources.map((source): PendingManifest => ({ ...root, source, namedBy: [] }));
    const count = sources[0]?.offers.parallelBlobs ?? 1;
    while (level.length > 0) {
      const next: (readonly PendingManifest[])[] = [];
      await runAll([...level.entries()], { count }, options.signal, async ([at, one], signal) => {
        next[at] = await content.#read(one, { ...options, signal });
      });
      level = next.flat().filter((one) => content.#isNew(one));
      if (content.#seen.size > maxManifests * sources.length) throw tooManyManifests(sources);
    }
    content.#compareSizes();
    return content;
  }

  /** Reads a manifest. Returns its instances and referrers. */
  async #read(
    pending: PendingManifest,
    options: VerifyOptions,
  ): Promise<readonly PendingManifest[]> {
    try {
      const raw = await pending.source.getManifest(pending.instance, options);
      const digest = this.#verify(pending, raw);
      if (digest === undefined) return [];
      await this.#requireSelectedPlatforms(pending, raw, options);
      const manifest = parseManifest(raw);
      const blobs =
        manifest.kind === "schema1"
          ? await schema1Layers(pending.source, manifest, options)
          : blobsOf(manifest);
      const instances = this.#instancesOf(pending, manifest, blobs, digest);
      const referrers = options.referrers ? await this.#referrersOf(pending, digest, options) : [];
      this.manifests.push({ digest, size: raw.bytes.byteLength });
      return [...instances, ...referrers];
    } catch (error) {
      const isImageMissing =
        pending.isRoot && this.#isSingleImage && isImageError(error, "not-found");
      const problem = isImageMissing ? undefined : problemOf(subjectOf(pending), error);
      if (problem === undefined) throw error;
      this.problems.push(problem);
      return [];
    }
  }

  /** Requires an image outside an index to match the requested platforms. */
  async #requireSelectedPlatforms(
    { source, isRoot }: PendingManifest,
    raw: RawManifest,
    { instances = "all", ...options }: VerifyOptions,
  ): Promise<void> {
    const manifest = parseManifest(raw);
    if (!isRoot || !this.#isSingleImage || instances === "all") return;
    if (manifest.kind === "index" || manifest.kind === "artifact") return;
    await requirePlatforms(source, manifest, instances.platforms, options);
  }

  /** Verifies a manifest. Returns its digest; undefined after a problem. */
  #verify(pending: PendingManifest, raw: RawManifest): Digest | undefined {
    const { bytes, digest } = raw;
    const { source, instance } = pending;
    const named = instance ?? source.reference.dockerReference?.digest;
    const expected = [named, digest].filter((one) => one !== undefined);
    for (const one of expected) {
      const found = { digest: manifestDigestOf(raw, algorithmOf(one)), size: bytes.byteLength };
      const problem = differenceIn({ ...subjectOf(pending), digest: one }, found);
      if (problem === undefined) continue;
      this.problems.push(problem);
      return undefined;
    }
    const ownDigest = expected[0] ?? manifestDigestOf(raw);
    // Several names may reference one image.
    if (pending.isRoot && this.#seen.has(ownDigest)) return undefined;
    this.#seen.set(ownDigest, pending);
    return ownDigest;
  }

  #instancesOf(
    { source, isRoot }: PendingManifest,
    manifest: Manifest,
    blobs: readonly Descriptor[],
    digest: Digest,
  ): readonly PendingManifest[] {
    const config = manifest.kind === "image" ? manifest.config : undefined;
    const hasLayers = manifest.kind === "image" || manifest.kind === "schema1";
    const chosen = isRoot && manifest.kind === "index" ? this.#select(manifest) : undefined;
    for (const blob of blobs) {
      if (chosen !== undefined && !chosen.includes(blob)) continue;
      const part = blob === config ? "config" : hasLayers ? "layer" : "blob";
      this.#addBlob(blob, part, source, digest);
    }
    const instances = chosen ?? instancesOf(manifest);
    return instances.filter(isInstance).map((entry) => {
      const { digest: instance, size } = entry;
      return { source, instance, size, namedBy: [digest], isRoot: false };
    });
  }

  #select(index: ImageIndex): ImageIndex["manifests"] {
    const { instances = "all" } = this.#options;
    return instances === "all" ? index.manifests : chooseInstances(index, instances.platforms);
  }

  async #referrersOf(
    { source }: PendingManifest,
    digest: Digest,
    options: VerifyOptions,
  ): Promise<readonly PendingManifest[]> {
    const { instances: _, onEvent: __, ...operation } = options;
    const links = await listReferrers(digest, source, operation);
    this.#referrerCount += links.length;
    if (this.#referrerCount > maxReferrers) throw tooManyReferrers(source);
    return links.map(({ digest: instance }) => {
      return { source, instance, size: undefined, namedBy: [digest], isRoot: false };
    });
  }

  #addBlob(
    blob: Descriptor,
    part: ReferencedBlob["part"],
    source: ImageSource,
    manifest: Digest,
  ): void {
    const key = `${blob.digest} ${blob.size}`;
    const mayBeExternal = (blob.urls ?? []).length > 0;
    const known = this.blobs.get(key);
    if (known === undefined) {
      this.blobs.set(key, { blob, part, source, namedBy: [manifest], mayBeExternal });
      return;
    }
    known.mayBeExternal &&= mayBeExternal;
    if (!known.namedBy.includes(manifest)) known.namedBy.push(manifest);
  }

  /** Reports the wrong sizes of manifests that are referenced with several sizes. */
  #compareSizes(): void {
    const sizes = new Map(this.manifests.map(({ digest, size }) => [digest, size]));
    for (const wanted of this.#sizeConflicts) {
      const { instance: digest } = wanted;
      const size = digest && sizes.get(digest);
      if (size === undefined || digest === undefined) continue;
      const problem = differenceIn(subjectOf(wanted), { digest, size });
      if (problem !== undefined) this.problems.push(problem);
    }
  }

  /** Returns false for a known manifest, and adds the manifests that reference it. */
  #isNew(pending: PendingManifest): boolean {
    const { instance, namedBy } = pending;
    if (instance === undefined) return true;
    const before = this.#seen.get(instance);
    if (before !== undefined && pending.size !== before.size) this.#sizeConflicts.push(pending);
    if (before === undefined) this.#seen.set(instance, pending);
    else before.namedBy.push(...namedBy.filter((one) => !before.namedBy.includes(one)));
    return before === undefined;
  }
}

function tooManyManifests([first]: readonly ImageSource[]): ImageError {
  const image = first && imageName(first.reference);
  return new ImageError(
    "invalid-manifest",
    `${image} references more than ${maxManifests} manifests; verify its images by their digests`,
    { reference: image },
  );
}

function subjectOf({ source, instance, size, namedBy }: PendingManifest): ProblemSubject {
  return {
    part: "manifest",
    digest: instance,
    size,
    image: imageName(source.reference),
    namedBy,
    location: instance && source.locateBlob?.({ digest: instance }),
  };
}
