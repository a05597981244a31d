import type { Descriptor } from "../contract/blob-info.ts";
import { conversionLosses } from "../manifest/conversion-losses.ts";
import type { ImageIndex } from "../manifest/manifest.ts";
import type { Digest } from "../names/digest.ts";
import { blobKey, variantKey } from "./blob-step.ts";
import {
  missingVariants,
  rejectImpossibleVariants,
  rejectVariantsOfImage,
} from "./compression-variants.ts";
import type { MissingVariant } from "./compression-variants.ts";
import type { CopyFacts, ManifestFacts, ReferrerFacts } from "./copy-facts.ts";
import type { PlanOptions } from "./copy-options.ts";
import type { BlobStep, CopyStep, ManifestStep } from "./copy-plan.ts";
import { impossibleChange, rejectImpossibleCopy, rejectSizeConflict } from "./impossible-copies.ts";
import type { ManifestPlan, PlanContext } from "./manifest-plan.ts";
import { withOCIForZstd } from "./oci-for-zstd.ts";
import { withOCIForEncryption } from "./plan-encryption.ts";
import { planArtifact, planImage } from "./plan-image.ts";
import { planIndex } from "./plan-index.ts";
import { planSchema1 } from "./plan-schema1.ts";
import { planVariant } from "./plan-variant.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";

/** The role of a manifest in the copy. */
export interface ManifestRole {
  readonly isInstance: boolean;
  /** Why the manifest must not change, if its role forbids it. */
  readonly preserveReason: string | undefined;
  /** The subject of a referrer. */
  readonly subject?: Digest;
  /** The tag of a referrer. */
  readonly tag?: string | undefined;
}

/** Collects the steps of a copy, one for each blob and manifest. */
export class CopyPlanner {
  readonly #context: PlanContext;
  /** For manifests that must not change. */
  readonly #preservingContext: PlanContext;
  /** By `blobKey`. */
  readonly #blobs = new Map<string, BlobStep>();
  /** By digest and tag. */
  readonly #manifests = new Map<string, ManifestStep>();
  readonly #reused = new Map<Digest, Descriptor>();
  readonly #signatures: CopyStep[] = [];
  /** The results of planned instances, by digest and `preserveReason`. */
  readonly #instances = new Map<string, RewrittenManifest | undefined>();
  readonly #subjects: ReadonlySet<Digest>;

  constructor(facts: CopyFacts, options: PlanOptions) {
    this.#context = { facts, options: withOCIForEncryption(withOCIForZstd(options, facts)) };
    this.#preservingContext = { facts, options };
    this.#subjects = new Set(facts.referrers.map(({ subject }) => subject));
    rejectImpossibleCopy(facts, options);
    rejectImpossibleVariants(options);
    rejectVariantsOfImage(facts.top, options);
  }

  get steps(): readonly CopyStep[] {
    const commit: CopyStep = { kind: "commit", reason: "all parts of the image are written" };
    const written = [...this.#blobs.values(), ...this.#manifests.values(), ...this.#signatures];
    return [...written, ...this.#ledger, commit];
  }

  get #ledger(): readonly CopyStep[] {
    const { facts, options } = this.#context;
    if (!options.conversionLedger) return [];
    const reason = "a changed digest is to be recorded";
    return [{ kind: "ledger", manifest: facts.top.raw.digest, reason }];
  }

  /** The blobs of reused manifests that no step writes. */
  get reused(): readonly Descriptor[] {
    return [...this.#reused.values()].filter(({ digest }) => !this.#blobs.has(digest));
  }

  /** Plans a manifest after its blobs and instances. Returns its result; undefined if that depends on a blob. */
  planManifest(facts: ManifestFacts, role: ManifestRole): RewrittenManifest | undefined {
    const preserveReason = role.preserveReason ?? this.#preserveReason(facts);
    const { raw, platform } = facts;
    const plan = this.#manifestPlan(facts, preserveReason);
    const { result, mediaType, fallbacks, omitted, missing = [], encryptedLayers = [] } = plan;
    if (preserveReason !== undefined && result?.digest !== raw.digest)
      throw impossibleChange(plan.reason, preserveReason);
    const isReused = this.#isReusable(facts, result);
    for (const step of plan.blobs) {
      if (isReused) this.#reused.set(step.blob.digest, step.blob);
      else this.#addBlob(step);
    }
    const { isInstance, subject, tag } = role;
    if (isReused && isInstance) return result;
    this.#manifests.set(`${raw.digest} ${tag ?? ""}`, {
      kind: "manifest",
      raw,
      isInstance,
      platform,
      subject,
      tag,
      mediaType,
      fallbacks,
      preserveReason,
      losses: conversionLosses(facts.manifest, mediaType),
      omitted,
      ...(plan.added?.length && { added: plan.added }),
      missing,
      ...(encryptedLayers.length > 0 && { encryptedLayers }),
      digest: result?.digest,
      reason: reasonFor(plan, isReused, subject),
    });
    this.#planSignatures(facts, isInstance);
    return result;
  }

  #planVariant(missing: MissingVariant): void {
    const { instance, name, manifest } = missing;
    const { blobs, mediaType, fallbacks, omitted, reason } = planVariant(missing, this.#context);
    for (const step of blobs) this.#addBlob(step);
    this.#manifests.set(variantKey(instance.raw.digest, name), {
      kind: "manifest",
      raw: instance.raw,
      isInstance: true,
      platform: instance.platform,
      subject: undefined,
      tag: undefined,
      mediaType,
      fallbacks,
      preserveReason: undefined,
      losses: conversionLosses(manifest, mediaType),
      omitted,
      missing: [],
      variant: name,
      digest: undefined,
      reason,
    });
  }

  planReferrer({ subject, tag, manifest }: ReferrerFacts): void {
    const { digest } = manifest.raw;
    // The index may list the referrer as well.
    if (this.#manifests.get(`${digest} ${tag ?? ""}`)?.digest === digest) return;
    const preserveReason = "referrers are copied unchanged";
    this.planManifest(manifest, { isInstance: true, preserveReason, subject, tag });
  }

  #manifestPlan(facts: ManifestFacts, preserveReason: string | undefined): ManifestPlan {
    const { manifest } = facts;
    const context = preserveReason === undefined ? this.#context : this.#preservingContext;
    switch (manifest.kind) {
      case "image":
        return planImage(facts, manifest, preserveReason, context);
      case "schema1":
        return planSchema1(facts, manifest, preserveReason, context);
      case "artifact":
        return planArtifact(facts, manifest, preserveReason, context);
      case "index":
        return this.#indexPlan(facts, manifest, preserveReason, context);
    }
  }

  #indexPlan(
    facts: ManifestFacts,
    index: ImageIndex,
    preserveReason: string | undefined,
    context: PlanContext,
  ): ManifestPlan {
    const plan = planIndex(facts, index, preserveReason, context, (instance) =>
      this.#planInstance(instance, preserveReason),
    );
    for (const missing of missingVariants(facts, context.options)) this.#planVariant(missing);
    return plan;
  }

  /** Plans an instance of an index once, even if it is listed several times. */
  #planInstance(
    facts: ManifestFacts,
    preserveReason: string | undefined,
  ): RewrittenManifest | undefined {
    const key = `${facts.raw.digest} ${preserveReason}`;
    if (!this.#instances.has(key))
      this.#instances.set(key, this.planManifest(facts, { isInstance: true, preserveReason }));
    return this.#instances.get(key);
  }

  /** Adds one step for each blob. If any manifest needs the blob unchanged, it is preserved. */
  #addBlob(step: BlobStep): void {
    const key = blobKey(step);
    const existing = this.#blobs.get(key);
    rejectSizeConflict(step.blob, existing?.blob);
    const kept = existing?.transform.kind === "preserve" ? existing : step;
    const needsDiffID = existing?.needsDiffID === true || step.needsDiffID === true;
    this.#blobs.set(key, needsDiffID ? { ...kept, needsDiffID } : kept);
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

  /** Whether the destination can reuse the manifest, and it has no signatures to add. */
  #isReusable({ raw, signatures }: ManifestFacts, result: RewrittenManifest | undefined): boolean {
    const isUnchanged = result?.digest === raw.digest;
    return isUnchanged && signatures.length === 0 && this.#context.facts.reusable.has(raw.digest);
  }

  /** Why a manifest and everything in it must not change; undefined if it may. */
  #preserveReason({ raw, signatures }: ManifestFacts): string | undefined {
    if (this.#context.options.preserveDigests)
      return "digests are to be preserved (omit preserveDigests, --preserve-digests, to allow it)";
    if (signatures.length > 0)
      return "that would break its signatures (set removeSignatures to allow it)";
    if (this.#subjects.has(raw.digest))
      return "its referrers would be lost (copy without referrers to allow it)";
    return undefined;
  }
}

function reasonFor(
  { reason, blobs }: ManifestPlan,
  isReused: boolean,
  subject: Digest | undefined,
): string {
  if (subject !== undefined) return `it refers to ${subject}`;
  return isReused && blobs.length > 0 ? "the destination has all of its blobs" : reason;
}
