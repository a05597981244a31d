import type { Descriptor } from "../contract/blob-info.ts";
import { conversionLosses } from "../manifest/conversion-losses.ts";
import { isArtifact } from "../manifest/manifest.ts";
import type { ArtifactManifest, ImageIndex, ImageManifest } from "../manifest/manifest.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import { blobKey, blobStep, configStep, withTransformedType } from "./blob-step.ts";
import { costOf } from "./copy-cost.ts";
import type { CopyFacts, ManifestFacts, ReferrerFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import type { BlobStep, BlobTransform, CopyPlan, CopyStep, ManifestStep } from "./copy-plan.ts";
import {
  impossibleChange,
  rejectImpossibleCopy,
  rejectPinnedMismatch,
} from "./impossible-copies.ts";
import { indexEntries } from "./index-entries.ts";
import type { EntryOutcome } from "./index-entries.ts";
import { layerTransform } from "./layer-transform.ts";
import { rewrittenManifest } from "./rewritten-manifest.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";
import { targetTypeOf } from "./target-type.ts";

/**
 * Decides all that can be decided: a pure function.
 * @throws ImageError `impossible-copy` where the options contradict each other or what was found
 */
export function planCopy(facts: CopyFacts, options: PlanOptions = {}): CopyPlan {
  const planner = new Planner(facts, options);
  const written = planner.plan(facts.top, {
    isInstance: false,
    preserveReason: pinnedReason(facts),
  });
  for (const referrer of facts.referrers) planner.planReferrer(referrer);
  rejectPinnedMismatch(facts);
  const isUnchanged = written?.digest === facts.top.raw.digest;
  const isThere = facts.existing !== undefined || (isUnchanged && isAllThere(facts));
  const steps = isThere ? [] : planner.steps;
  return {
    source: facts.source,
    destination: facts.destination,
    sourceDigest: facts.sourceDigest,
    digest: facts.existing?.digest ?? written?.digest,
    steps,
    reused: planner.reused,
    top: facts.top.raw,
    ...(facts.existing && { existing: facts.existing }),
    isNew: facts.isNew,
    cost: costOf(steps, facts),
  };
}

class Planner {
  readonly #facts: CopyFacts;
  readonly #options: PlanOptions;
  /** By what `blobKey` makes of them. */
  readonly #blobs = new Map<string, BlobStep>();
  /** By digest and, of what is written under a tag of its own, that. */
  readonly #manifests = new Map<string, ManifestStep>();
  readonly #reused = new Map<Digest, Descriptor>();
  readonly #signatures: CopyStep[] = [];
  /** What manifests will be that were planned already, by their digest and why they may not change. */
  readonly #planned = new Map<string, RewrittenManifest | undefined>();
  readonly #subjects: ReadonlySet<Digest>;

  constructor(facts: CopyFacts, options: PlanOptions) {
    this.#facts = facts;
    this.#options = withOCIForZstd(options, facts);
    this.#subjects = new Set(facts.referrers.map(({ subject }) => subject));
    rejectImpossibleCopy(facts, options);
  }

  get steps(): readonly CopyStep[] {
    const commit: CopyStep = { kind: "commit", reason: "all of it is there by then" };
    return [...this.#blobs.values(), ...this.#manifests.values(), ...this.#signatures, commit];
  }

  get reused(): readonly Descriptor[] {
    return [...this.#reused.values()].filter(({ digest }) => !this.#blobs.has(digest));
  }

  /** Plans a manifest after all that it needs. What it will be; undefined where that depends on how a blob turns out. */
  plan(facts: ManifestFacts, role: Role): RewrittenManifest | undefined {
    const preserveReason = role.preserveReason ?? this.#preserveReason(facts);
    const { raw } = facts;
    const step = this.#outcomeOf(facts, preserveReason);
    const written = step.written;
    if (preserveReason !== undefined && written?.digest !== raw.digest) {
      throw impossibleChange(step.reason, preserveReason);
    }
    const { isInstance, subject, tag } = role;
    const isReused = this.#isReusable(facts, written);
    for (const blob of step.blobs) {
      if (isReused) this.#reused.set(blob.blob.digest, blob.blob);
      else this.#addBlob(blob);
    }
    if (isReused && isInstance) return written;
    this.#manifests.set(`${raw.digest} ${tag ?? ""}`, {
      kind: "manifest",
      raw,
      isInstance,
      platform: facts.platform,
      subject,
      tag,
      mediaType: step.mediaType,
      fallbacks: step.fallbacks,
      preserveReason,
      losses: conversionLosses(facts.manifest, step.mediaType),
      omitted: step.omitted,
      digest: written?.digest,
      reason: reasonFor(step, isReused, subject),
    });
    this.#planSignatures(facts, isInstance);
    return written;
  }

  /** An instance of an index: each once, however often it is named. */
  #planInstance(
    facts: ManifestFacts,
    preserveReason: string | undefined,
  ): RewrittenManifest | undefined {
    const key = `${facts.raw.digest} ${preserveReason}`;
    if (!this.#planned.has(key))
      this.#planned.set(key, this.plan(facts, { isInstance: true, preserveReason }));
    return this.#planned.get(key);
  }

  #outcomeOf(facts: ManifestFacts, preserveReason: string | undefined): Outcome {
    const { manifest } = facts;
    switch (manifest.kind) {
      case "image":
        return this.#planImage(facts, manifest, preserveReason);
      case "index":
        return this.#planIndex(facts, manifest, preserveReason);
      case "artifact":
        return this.#planArtifact(facts, manifest, preserveReason);
    }
  }

  planReferrer({ subject, tag, manifest }: ReferrerFacts): void {
    const { digest } = manifest.raw;
    // An index may name what refers to its images.
    if (this.#manifests.get(`${digest} ${tag ?? ""}`)?.digest === digest) return;
    const preserveReason = "what refers to an image stays as it is";
    this.plan(manifest, { isInstance: true, preserveReason, subject, tag });
  }

  #planImage(
    facts: ManifestFacts,
    manifest: ImageManifest,
    preserveReason: string | undefined,
  ): Outcome {
    const stays = preserveReason !== undefined || isArtifact(manifest);
    const transform = stays ? "preserve" : this.#transform;
    const packed = {
      ...manifest,
      layers: manifest.layers.map((layer) => withTransformedType(layer, transform)),
    };
    const target = targetTypeOf(packed, this.#facts.accepts, this.#options, preserveReason);
    const layers = manifest.layers
      .filter((layer) => !this.#mayStayAway(layer))
      .map((layer) => this.#stepOf(layer, transform));
    const config = configStep(manifest, target.mediaType, this.#facts.cachedBlobs);
    const isRepacked = layers.some(({ digest }) => digest === undefined);
    const isKnown = !isRepacked && config.digest !== undefined;
    const reasons = [target.reason, ...(isRepacked ? ["a layer is repacked on the way"] : [])];
    return {
      blobs: [...layers, config],
      mediaType: target.mediaType,
      fallbacks: target.fallbacks,
      omitted: [],
      written: isKnown
        ? rewrittenManifest(facts.raw, { manifestMIMEType: target.mediaType })
        : undefined,
      reason: reasons.filter((reason) => reason !== undefined).join(" and ") || unchanged,
    };
  }

  #planArtifact(
    facts: ManifestFacts,
    manifest: ArtifactManifest,
    preserveReason: string | undefined,
  ): Outcome {
    const target = targetTypeOf(manifest, this.#facts.accepts, this.#options, preserveReason);
    return {
      blobs: manifest.blobs.map((blob) => this.#stepOf(blob, "preserve")),
      mediaType: target.mediaType,
      omitted: [],
      fallbacks: [],
      written: rewrittenManifest(facts.raw, {}),
      reason: unchanged,
    };
  }

  #planIndex(facts: ManifestFacts, index: ImageIndex, preserveReason: string | undefined): Outcome {
    const target = targetTypeOf(index, this.#facts.accepts, this.#options, preserveReason);
    const chosen = facts.instances.filter((instance) => instance !== undefined);
    const { blobs: named = [] } = facts;
    const blobs = new Set<Descriptor>(named);
    const isPart = chosen.length + blobs.size < index.manifests.length;
    const isStripped = isPart && this.#strips(preserveReason);
    const written = new Map(
      chosen.map(
        (instance) => [instance.raw.digest, this.#planInstance(instance, preserveReason)] as const,
      ),
    );
    const outcomes = index.manifests.map((entry, at): EntryOutcome | undefined => {
      if (blobs.has(entry)) return "kept";
      if (facts.instances[at] === undefined) return isStripped ? "omitted" : "kept";
      return written.get(entry.digest);
    });
    const known = outcomes.filter((outcome) => outcome !== undefined);
    const isKnown = known.length === outcomes.length;
    const changed = chosen.some(({ raw }) => written.get(raw.digest)?.digest !== raw.digest);
    const reasons = [
      target.reason,
      isStripped ? "not all of its instances are copied" : undefined,
      changed ? "an instance in it changes" : undefined,
    ];
    return {
      blobs: named.map((blob) => this.#stepOf(blob, "preserve")),
      mediaType: target.mediaType,
      fallbacks: target.fallbacks,
      omitted: index.manifests.flatMap(({ digest }, at) =>
        outcomes[at] === "omitted" ? [digest] : [],
      ),
      written: isKnown
        ? rewrittenManifest(facts.raw, {
            manifestMIMEType: target.mediaType,
            instances: indexEntries(index, known),
          })
        : undefined,
      reason: reasons.filter((reason) => reason !== undefined).join(" and ") || unchanged,
    };
  }

  get #transform(): BlobTransform {
    const layers = layerTransform(this.#facts.offers, this.#facts.accepts);
    return layers === "compress" ? (this.#options.compression ?? "compress") : layers;
  }

  /** A layer that may be downloaded elsewhere. */
  #mayStayAway({ urls }: Descriptor): boolean {
    const { accepts } = this.#facts;
    return (
      urls !== undefined && accepts.foreignLayerURLs && this.#options.downloadForeignLayers !== true
    );
  }

  #stepOf(blob: Descriptor, transform: BlobTransform): BlobStep {
    return blobStep(blob, transform, this.#facts.cachedBlobs);
  }

  /** One step a blob, however often it is named; one that may change stays what it is for whoever needs it unchanged. */
  #addBlob(step: BlobStep): void {
    const key = blobKey(step);
    refuseTwoSizes(step.blob, this.#blobs.get(key)?.blob);
    if (this.#blobs.get(key)?.transform !== "preserve") this.#blobs.set(key, step);
  }

  #planSignatures({ raw, signatures }: ManifestFacts, isInstance: boolean): void {
    if (signatures.length === 0) return;
    const reason = "the source has them";
    this.#signatures.push({
      kind: "signatures",
      manifest: raw.digest,
      isInstance,
      signatures,
      reason,
    });
  }

  /** Whether the destination can do without being sent it, and nothing is to be added to it. */
  #isReusable({ raw, signatures }: ManifestFacts, written: RewrittenManifest | undefined): boolean {
    const isUnchanged = written?.digest === raw.digest;
    return isUnchanged && signatures.length === 0 && this.#facts.reusable.has(raw.digest);
  }

  /** Why a manifest may not change, or undefined; then nothing in it may either. */
  #preserveReason({ raw, signatures }: ManifestFacts): string | undefined {
    if (this.#options.preserveDigests) return "digests are to be preserved";
    if (signatures.length > 0)
      return "that would break its signatures (leave them behind to allow it)";
    if (this.#subjects.has(raw.digest))
      return "what refers to it would be lost (copy without referrers to allow it)";
    return undefined;
  }

  #strips(preserveReason: string | undefined): boolean {
    const missing = this.#options.missingInstances ?? "strip";
    if (missing === "strip" && preserveReason !== undefined) {
      const instead = "; copy all of them, or keep the index as it is with instances missing";
      throw impossibleChange("not all instances of the index are copied", preserveReason, instead);
    }
    return missing === "strip";
  }
}

/** Docker's formats have no layers that are packed with zstd. @throws ImageError `impossible-copy` */
function withOCIForZstd(options: PlanOptions, { offers, accepts }: CopyFacts): PlanOptions {
  const { compression, manifestMIMEType = mediaTypes.ociManifest } = options;
  if (compression !== "zstd" || layerTransform(offers, accepts) !== "compress") return options;
  if (manifestMIMEType === mediaTypes.ociManifest) return { ...options, manifestMIMEType };
  throw new ImageError(
    "impossible-copy",
    `Layers that are packed with zstd need ${mediaTypes.ociManifest}, and ${manifestMIMEType} was asked for`,
  );
}

/** What a manifest is to the copy. */
interface Role {
  readonly isInstance: boolean;
  /** Why it may not change, where that is known already. */
  readonly preserveReason: string | undefined;
  readonly subject?: Digest;
  readonly tag?: string | undefined;
}

interface Outcome {
  /** What is to be brought before the manifest. */
  readonly blobs: readonly BlobStep[];
  readonly mediaType: string;
  readonly fallbacks: readonly string[];
  readonly omitted: readonly Digest[];
  readonly written: RewrittenManifest | undefined;
  readonly reason: string;
}

const unchanged = "it is copied as it is";

function reasonFor(
  { reason, blobs }: Outcome,
  isReused: boolean,
  subject: Digest | undefined,
): string {
  if (subject !== undefined) return `it refers to ${subject}`;
  return isReused && blobs.length > 0 ? "all that it needs is there already" : reason;
}

/** Whether the destination has it all, and there is nothing that can only be added. */
function isAllThere({ top, currentDigest, present, referrers }: CopyFacts): boolean {
  const isThere = ({ raw, signatures, instances }: ManifestFacts): boolean =>
    present.has(raw.digest) &&
    signatures.length === 0 &&
    instances.every((instance) => instance === undefined || isThere(instance));
  return (
    currentDigest === top.raw.digest &&
    isThere(top) &&
    referrers.every((referrer) => referrer.isPresent)
  );
}

function pinnedReason({ pinned }: CopyFacts): string | undefined {
  return pinned && "the destination is named by a digest";
}

/** Only one of them would be compared with what is read. */
function refuseTwoSizes({ digest, size }: Descriptor, other: Descriptor | undefined): void {
  if (other === undefined || other.size === size) return;
  throw new ImageError(
    "invalid-manifest",
    `${digest} is named with ${other.size} bytes and with ${size}: one of them is wrong; build the image again`,
  );
}
