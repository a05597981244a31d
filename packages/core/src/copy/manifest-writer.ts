import { runAll } from "../content/run-all.ts";
import type { CommittedImage, ImageDestination } from "../contract/image-destination.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { withAddedInstances } from "../manifest/added-instances.ts";
import type { AddedInstance } from "../manifest/added-instances.ts";
import { conversionLosses } from "../manifest/conversion-losses.ts";
import { editManifest } from "../manifest/edit-manifest.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { isSchema1MediaType } from "../manifest/media-types.ts";
import type { Digest } from "../names/digest.ts";
import { variantKey } from "./blob-step.ts";
import type { BlobWriter } from "./blob-writer.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import type { AddedVariant, ManifestStep } from "./copy-plan.ts";
import { indexEntries } from "./index-entries.ts";
import type { EntryOutcome } from "./index-entries.ts";
import { MediaTypeAttempts } from "./media-type-attempts.ts";
import { describeRewritten } from "./rewritten-manifest.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";
import { generatedChange, writtenChange } from "./written-manifest.ts";
import type { WrittenManifest } from "./written-manifest.ts";

/** Writes the manifests of a copy, with other media types if the destination rejects one. */
export class ManifestWriter {
  readonly #blobs: BlobWriter;
  readonly #destination: ImageDestination;
  readonly #options: ExecuteOptions;
  readonly #written = new Map<Digest, WrittenManifest>();
  /** The written compression variants by `variantKey`. */
  readonly #variants = new Map<string, RewrittenManifest>();
  /** The attempts for the manifest that the reference will name. */
  #top: MediaTypeAttempts | undefined;

  constructor(blobs: BlobWriter, destination: ImageDestination, options: ExecuteOptions) {
    this.#blobs = blobs;
    this.#destination = destination;
    this.#options = options;
  }

  /** The written manifests by their digest at the source. */
  get written(): ReadonlyMap<Digest, WrittenManifest> {
    return this.#written;
  }

  /** Writes the manifests of instances in parallel, then indexes and the top-level manifest in the order of the plan. */
  async writeAll(steps: readonly ManifestStep[]): Promise<void> {
    const { signal: outerSignal } = this.#options;
    const isLeaf = ({ raw, isInstance }: ManifestStep): boolean =>
      isInstance && parseManifest(raw).kind !== "index";
    const leaves = steps.filter(isLeaf);
    const count = this.#destination.accepts.parallelBlobs;
    await runAll(leaves, { count }, outerSignal, (step, signal) => this.#write(step, signal));
    for (const step of steps) {
      if (!leaves.includes(step)) await this.#write(step, outerSignal);
    }
  }

  /**
   * Commits the image. A destination may send the top-level manifest only now, and so reject it only now. `prepare` is
   * called before each attempt.
   */
  async commit(prepare: () => Promise<void>): Promise<CommittedImage | undefined> {
    const { signal } = this.#options;
    for (;;) {
      await prepare();
      try {
        const committed = await this.#destination.commit(this.#options);
        return committed ?? undefined;
      } catch (error) {
        signal?.throwIfAborted();
        if (this.#top === undefined) throw error;
        this.#top.reject(error);
        await this.#writeWithFallbacks(this.#top, signal);
      }
    }
  }

  /** Replaces the top-level manifest with the manifest that the store generated, which readers name by sha256. */
  addGenerated(top: VerifiedManifest, manifest: RawManifest): void {
    const written = this.#written.get(top.digest);
    if (written === undefined) return;
    const result = describeRewritten(top, manifest, "sha256");
    const change = generatedChange(top, written, result);
    this.#written.set(top.digest, { manifest, result, change });
  }

  async #write(step: ManifestStep, signal: AbortSignal | undefined): Promise<void> {
    const attempts = new MediaTypeAttempts(step);
    if (!step.isInstance) this.#top = attempts;
    await this.#writeWithFallbacks(attempts, signal);
  }

  async #writeWithFallbacks(
    attempts: MediaTypeAttempts,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (;;) {
      try {
        await this.#writeOnce(attempts, signal);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        attempts.reject(error);
      }
    }
  }

  async #writeOnce(attempts: MediaTypeAttempts, signal: AbortSignal | undefined): Promise<void> {
    const { step, mediaType: targetType } = attempts;
    const manifest = await this.#edited(step, targetType, signal);
    const result = describeRewritten(step.raw, manifest, this.#options.digestAlgorithm);
    const { digest, mediaType } = result;
    const instance = step.isInstance ? digest : undefined;
    const options = { ...this.#options, signal, instance, tag: step.tag };
    await this.#destination.putManifest({ ...manifest, digest }, options);
    this.#record(attempts, manifest, result);
    this.#reportLosses(step, targetType);
    const event = { kind: "manifest-written", source: step.raw.digest, digest, mediaType } as const;
    this.#options.onEvent?.(event);
  }

  #record(attempts: MediaTypeAttempts, manifest: RawManifest, result: RewrittenManifest): void {
    const { raw, variant } = attempts.step;
    if (variant !== undefined) this.#variants.set(variantKey(raw.digest, variant), result);
    else
      this.#written.set(raw.digest, { manifest, result, change: writtenChange(attempts, result) });
  }

  #reportLosses({ raw }: ManifestStep, mediaType: string): void {
    const losses = conversionLosses(parseManifest(raw), mediaType);
    if (losses.length === 0) return;
    const text = `The manifest ${raw.digest} loses ${losses.join(", ")}: ${mediaType} has no such fields`;
    this.#options.onNotice?.({ kind: "loss", text });
  }

  /** Edits a manifest to reference the written blobs and instances. */
  async #edited(
    { raw, omitted, variant, added = [], encryptedLayers }: ManifestStep,
    manifestMIMEType: string,
    signal: AbortSignal | undefined,
  ): Promise<RawManifest> {
    const manifest = parseManifest(raw);
    if (manifest.kind === "schema1")
      return this.#blobs.schema1Writer(signal).convert(raw, manifest, manifestMIMEType);
    if (manifest.kind === "image" && isSchema1MediaType(manifestMIMEType))
      return this.#blobs.schema1Writer(signal).convertImage(manifest);
    if (manifest.kind === "image") {
      const layerInfos = manifest.layers.map((layer, at) =>
        this.#blobs.writtenLayer(layer, { variant, isEncrypted: encryptedLayers?.includes(at) }),
      );
      const config = await this.#blobs.convertedConfig(manifest, manifestMIMEType, signal);
      return editManifest(raw, { manifestMIMEType, layerInfos, config });
    }
    if (manifest.kind === "artifact") return editManifest(raw, {});
    const omittedDigests = new Set(omitted);
    const outcomes = manifest.manifests.map(({ digest }): EntryOutcome => {
      if (omittedDigests.has(digest)) return "omitted";
      return this.#written.get(digest)?.result ?? "kept";
    });
    const instances = indexEntries(manifest, outcomes, added.length > 0);
    const edited = editManifest(raw, { manifestMIMEType, instances });
    return added.length === 0 ? edited : withAddedInstances(raw, edited, this.#addedTo(added));
  }

  #addedTo(added: readonly AddedVariant[]): readonly AddedInstance[] {
    return added.flatMap(({ instance: like, variant }) => {
      const written = this.#variants.get(variantKey(like, variant));
      return written === undefined ? [] : [{ like, ...written }];
    });
  }
}
