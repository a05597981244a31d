import type { DecompressionTotal } from "../compression/decompression-limit.ts";
import { blobConcurrency } from "../content/blob-concurrency.ts";
import { runAll } from "../content/run-all.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { CommittedImage, ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { conversionLosses } from "../manifest/conversion-losses.ts";
import { editManifest } from "../manifest/edit-manifest.ts";
import { withLayerCompression } from "../manifest/layer-media-types.ts";
import { parseManifest } from "../manifest/manifest.ts";
import type { ImageManifest } from "../manifest/manifest.ts";
import { isIndexMediaType } from "../manifest/media-types.ts";
import type { Digest } from "../names/digest.ts";
import { blobFacts } from "./blob-facts.ts";
import type { BlobResult } from "./blob-result.ts";
import { blobKey, configStep } from "./blob-step.ts";
import { copyBlob } from "./copy-blob.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import type { BlobStep, CopyPlan, CopyStep, ManifestStep, SignaturesStep } from "./copy-plan.ts";
import type { CopyResult, DigestChange } from "./copy-result.ts";
import { indexEntries } from "./index-entries.ts";
import type { EntryOutcome } from "./index-entries.ts";
import { MediaTypeAttempts } from "./media-type-attempts.ts";
import { describeRewritten } from "./rewritten-manifest.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";

/** Does what the plan says, and knows no policy. Nothing is visible at the destination unless all went well. @throws ImageError */
export async function executeCopy(
  plan: CopyPlan,
  source: ImageSource,
  destination: ImageDestination,
  options: ExecuteOptions = {},
): Promise<CopyResult> {
  if (plan.steps.length === 0) return alreadyThere(plan);
  const execution = new Execution(source, destination, options);
  await execution.moveBlobs(plan.steps.filter((step) => step.kind === "blob"));
  await execution.writeManifests(plan.steps.filter((step) => step.kind === "manifest"));
  await execution.writeSignatures(plan.steps.filter((step) => step.kind === "signatures"));
  const committed = await execution.commit();
  if (committed !== undefined) execution.noteGenerated(plan.top, committed.manifest);
  return execution.result(plan);
}

class Execution {
  readonly #source: ImageSource;
  readonly #destination: ImageDestination;
  readonly #options: ExecuteOptions;
  /** By `blobKey`. */
  readonly #moved = new Map<string, BlobResult>();
  readonly #written = new Map<Digest, WrittenManifest>();
  readonly #decompressed: DecompressionTotal = { read: 0, written: 0 };
  /** Of the manifest that the reference will name. */
  #top: MediaTypeAttempts | undefined;

  constructor(source: ImageSource, destination: ImageDestination, options: ExecuteOptions) {
    this.#source = source;
    this.#destination = destination;
    this.#options = options;
  }

  /** The largest first, so that none is left alone at the end. */
  async moveBlobs(steps: readonly BlobStep[]): Promise<void> {
    const { signal: outer, parallelBlobs } = this.#options;
    const { offers } = this.#source;
    const { accepts } = this.#destination;
    const most = Math.min(offers.parallelBlobs, accepts.parallelBlobs);
    const bounds = blobConcurrency(({ blob }: BlobStep) => blob, most, parallelBlobs);
    const largestFirst = steps.toSorted((a, b) => b.blob.size - a.blob.size);
    try {
      await runAll(largestFirst, bounds, outer, async (step, signal) => {
        await this.#move(step, signal);
      });
    } finally {
      await this.#remember();
    }
  }

  async #move(step: BlobStep, signal: AbortSignal | undefined): Promise<BlobResult> {
    const options = { ...this.#options, signal, decompressed: this.#decompressed };
    const moved = await copyBlob(step, this.#source, this.#destination, options);
    this.#moved.set(blobKey(step), moved);
    return moved;
  }

  /** Also what a copy learnt that was ended. */
  async #remember(): Promise<void> {
    const { cache, onNotice } = this.#options;
    const facts = blobFacts([...this.#moved.values()], this.#source, this.#destination);
    if (facts.length > 0) await cache?.record(facts, { onNotice });
  }

  /** Those of images side by side, then the indexes that name them, in the order of the plan. */
  async writeManifests(steps: readonly ManifestStep[]): Promise<void> {
    const isLeaf = ({ raw, isInstance }: ManifestStep): boolean =>
      isInstance && parseManifest(raw).kind !== "index";
    const leaves = steps.filter(isLeaf);
    const count = this.#destination.accepts.parallelBlobs;
    await runAll(leaves, { count }, this.#options.signal, (step, signal) =>
      this.#write(step, signal),
    );
    for (const step of steps) {
      if (!leaves.includes(step)) await this.#write(step, this.#options.signal);
    }
  }

  async writeSignatures(steps: readonly SignaturesStep[]): Promise<void> {
    for (const { manifest, isInstance, signatures } of steps) {
      const digest = this.#written.get(manifest)?.as.digest ?? manifest;
      const instance = isInstance ? digest : undefined;
      await this.#destination.putSignatures?.(signatures, instance, this.#options);
      this.#options.onEvent?.({ kind: "signatures-written", digest, count: signatures.length });
    }
  }

  /** A destination may send the manifest only now, and reject it only now. */
  async commit(): Promise<CommittedImage | undefined> {
    const { signal } = this.#options;
    for (;;) {
      try {
        const committed = await this.#destination.commit(this.#options);
        return committed ?? undefined;
      } catch (error) {
        signal?.throwIfAborted();
        if (this.#top === undefined) throw error;
        this.#top.reject(error);
        await this.#writeInAnyType(this.#top, signal);
      }
    }
  }

  /** Readers of a store that does not preserve manifests get another one than was put. */
  noteGenerated(top: VerifiedManifest, manifest: RawManifest): void {
    const put = this.#written.get(top.digest);
    if (put === undefined) return;
    const as = describeRewritten(top, manifest);
    this.#written.set(top.digest, { manifest, as, change: generatedChange(top, put, as) });
  }

  result(plan: CopyPlan): CopyResult {
    const top = this.#written.get(plan.top.digest);
    return {
      digest: top?.as.digest ?? plan.top.digest,
      manifest: top?.manifest ?? plan.top,
      sourceDigest: plan.sourceDigest,
      changes: [...this.#written.values()].flatMap(({ change }) => change ?? []),
      alreadyThere: false,
      referrers: plan.steps.filter(isReferrer).length,
      blobs: tally([...this.#moved.values()], plan.reused),
    };
  }

  async #write(step: ManifestStep, signal: AbortSignal | undefined): Promise<void> {
    const attempts = new MediaTypeAttempts(step);
    if (!step.isInstance) this.#top = attempts;
    await this.#writeInAnyType(attempts, signal);
  }

  async #writeInAnyType(
    attempts: MediaTypeAttempts,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    for (;;) {
      try {
        await this.#writeInType(attempts, signal);
        return;
      } catch (error) {
        signal?.throwIfAborted();
        attempts.reject(error);
      }
    }
  }

  async #writeInType(attempts: MediaTypeAttempts, signal: AbortSignal | undefined): Promise<void> {
    const { step } = attempts;
    const manifest = await this.#final(step, attempts.mediaType, signal);
    const as = describeRewritten(step.raw, manifest);
    const instance = step.isInstance ? as.digest : undefined;
    const how = { ...this.#options, signal, instance, tag: step.tag };
    await this.#destination.putManifest(manifest, how);
    const change = changeOf(attempts, as);
    this.#written.set(step.raw.digest, { manifest, as, change });
    this.#noteLosses(step, attempts.mediaType);
    const { digest, mediaType } = as;
    const event = { kind: "manifest-written", source: step.raw.digest, digest, mediaType } as const;
    this.#options.onEvent?.(event);
  }

  #noteLosses({ raw }: ManifestStep, mediaType: string): void {
    const losses = conversionLosses(parseManifest(raw), mediaType);
    if (losses.length === 0) return;
    const text = `The manifest ${raw.digest} loses ${losses.join(", ")}: ${mediaType} has no field for that`;
    this.#options.onNotice?.({ kind: "loss", text });
  }

  /** The manifest with what its blobs and instances turned out to be. */
  async #final(
    { raw, omitted }: ManifestStep,
    manifestMIMEType: string,
    signal: AbortSignal | undefined,
  ): Promise<RawManifest> {
    const manifest = parseManifest(raw);
    if (manifest.kind === "image") {
      const layerInfos = manifest.layers.map((layer) => this.#layerNow(layer));
      const config = await this.#configNow(manifest, manifestMIMEType, signal);
      return editManifest(raw, { manifestMIMEType, layerInfos, config });
    }
    if (manifest.kind === "artifact") return editManifest(raw, {});
    const left = new Set(omitted);
    const outcomes = manifest.manifests.map(({ digest }): EntryOutcome => {
      if (left.has(digest)) return "omitted";
      return this.#written.get(digest)?.as ?? "kept";
    });
    return editManifest(raw, { manifestMIMEType, instances: indexEntries(manifest, outcomes) });
  }

  /** undefined where it stays as it is. Where only a rejection made it change, it is not there yet. */
  async #configNow(
    manifest: ImageManifest,
    mediaType: string,
    signal: AbortSignal | undefined,
  ): Promise<Descriptor | undefined> {
    const step = configStep(manifest, mediaType, undefined);
    if (step.transform === "preserve") return undefined;
    const moved = this.#moved.get(blobKey(step)) ?? (await this.#move(step, signal));
    return moved.stored;
  }

  #layerNow(layer: Descriptor): Descriptor {
    const moved = this.#moved.get(layer.digest);
    if (moved?.compression === undefined || moved.stored.digest === layer.digest) return layer;
    const { digest, size } = moved.stored;
    const mediaType = withLayerCompression(layer.mediaType, moved.compression) ?? layer.mediaType;
    return { ...layer, digest, size, mediaType };
  }
}

interface WrittenManifest {
  readonly manifest: RawManifest;
  readonly as: RewrittenManifest;
  readonly change: DigestChange | undefined;
}

function isReferrer(step: CopyStep): boolean {
  return step.kind === "manifest" && step.subject !== undefined;
}

function changeOf(
  { step, rejected }: MediaTypeAttempts,
  { digest: to }: RewrittenManifest,
): DigestChange | undefined {
  const { raw, digest: planned, reason: plannedReason } = step;
  const from = raw.digest;
  if (to === from) return undefined;
  const isPlanned = planned === undefined || planned === to;
  const reasons = [
    planned === from ? undefined : plannedReason,
    rejected.length === 0 ? undefined : `the destination rejected ${rejected.join(" and ")}`,
    isPlanned || rejected.length > 0 ? undefined : unplannedReason(step),
  ];
  return { from, to, reason: reasons.filter((reason) => reason !== undefined).join(" and ") };
}

/** The plan went by what layers are called, and by types that are usually taken. */
function unplannedReason({ mediaType }: ManifestStep): string {
  return isIndexMediaType(mediaType)
    ? "an instance in it changes"
    : "the compression of a layer does not match its media type; it was recompressed";
}

function generatedChange(
  { digest: from }: VerifiedManifest,
  { as, change }: WrittenManifest,
  { digest: to }: RewrittenManifest,
): DigestChange | undefined {
  if (to === from) return undefined;
  if (to === as.digest) return change;
  return {
    from,
    to,
    reason: change === undefined ? generated : `${change.reason} and ${generated}`,
  };
}

const generated = "the destination stores no manifest and generates one";

function tally(moved: readonly BlobResult[], unasked: readonly Descriptor[]): CopyResult["blobs"] {
  const ended = (wanted: BlobResult["outcome"]): readonly Descriptor[] =>
    moved.filter(({ outcome }) => outcome === wanted).map(({ from }) => from);
  const copied = ended("copied");
  const reused = [...ended("reused"), ...unasked];
  const cloned = moved.filter((one) => one.cloned).map(({ from }) => from);
  const bytes = (blobs: readonly Descriptor[]): number =>
    blobs.reduce((sum, { size }) => sum + size, 0);
  return {
    copied: copied.length,
    reused: reused.length,
    cloned: cloned.length,
    copiedBytes: bytes(copied),
    reusedBytes: bytes(reused),
    clonedBytes: bytes(cloned),
  };
}

function alreadyThere({ top, existing = top, sourceDigest }: CopyPlan): CopyResult {
  const change = { from: top.digest, to: existing.digest, reason: generated };
  return {
    digest: existing.digest,
    manifest: existing,
    sourceDigest,
    changes: change.from === change.to ? [] : [change],
    alreadyThere: true,
    referrers: 0,
    blobs: { copied: 0, reused: 0, cloned: 0, copiedBytes: 0, reusedBytes: 0, clonedBytes: 0 },
  };
}
