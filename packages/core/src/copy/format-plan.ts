import { parseManifest } from "../manifest/manifest.ts";
import { formatPlatform } from "../manifest/platform.ts";
import { singleLine } from "../text/printable.ts";
import { describeRecompression } from "./blob-transform.ts";
import type { BlobTransform, CompressionChange, LayerTransform } from "./blob-transform.ts";
import type { CopyPlan, CopyStep, ManifestStep } from "./copy-plan.ts";

/** Formats a plan for people: a summary, then one line for each step. */
export function formatPlan(plan: CopyPlan): string {
  const head = singleLine(`Copy ${plan.source} to ${plan.destination}`);
  if (plan.steps.length === 0)
    return `${head}\n  nothing to do: ${(plan.existing ?? plan.top).digest} already exists\n`;
  const lines = plan.steps.map((step) => `  ${singleLine(`${describe(step)}: ${step.reason}`)}`);
  return [head, ...summary(plan).map((line) => `  ${line}`), ...lines].join("\n") + "\n";
}

/** Formats a size in decimal units, like the web pages of registries: `1.2 MB`. */
export function formatBytes(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), units.length - 1);
  const value = bytes / 1000 ** power;
  return `${power === 0 ? bytes : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}

function describe(step: CopyStep): string {
  switch (step.kind) {
    case "blob": {
      const what = step.isConfig ? "config" : "layer";
      const transform =
        step.digest === undefined ? `, to ${describeTransform(step.transform)}` : "";
      return `${what} ${step.blob.digest} (${formatBytes(step.blob.size)}${transform})`;
    }
    case "manifest": {
      if (step.subject !== undefined) return describeReferrer(step);
      const of = step.platform === undefined ? "" : ` for ${formatPlatform(step.platform)}`;
      const without = step.omitted.length === 0 ? "" : ` without ${step.omitted.length} instances`;
      const missing =
        step.missing.length === 0 ? "" : ` with ${step.missing.length} instances missing`;
      const losses = step.losses.length === 0 ? "" : `, losing ${step.losses.join(", ")}`;
      const variant = step.variant === undefined ? "" : ` with ${step.variant} layers`;
      return `manifest ${step.raw.digest}${of}${variant} as ${step.mediaType}${without}${missing}${losses}`;
    }
    case "signatures":
      return `${step.signatures.length} signatures of ${step.manifest}`;
    case "ledger":
      return `conversion ledger of ${step.manifest}`;
    case "commit":
      return "commit";
  }
}

function describeTransform(transform: BlobTransform): string {
  switch (transform.kind) {
    case "preserve":
      return transform.kind;
    case "oci-config":
      return "convert to OCI";
    case "layer":
      return describeLayerTransform(transform);
  }
}

/** The changes in the order in which they are made. */
function describeLayerTransform({ decrypt, compression, encrypt }: LayerTransform): string {
  const changes = [
    decrypt ? "decrypt" : undefined,
    compression && describeCompression(compression),
    encrypt ? "encrypt" : undefined,
  ];
  return changes.filter((change) => change !== undefined).join(" and ") || "preserve";
}

function describeCompression(change: CompressionChange): string {
  return change.kind === "decompress"
    ? "decompress"
    : `compress with ${describeRecompression(change)}`;
}

function describeReferrer({ raw, tag }: ManifestStep): string {
  const { artifactType } = parseManifest(raw);
  return `referrer ${raw.digest} (${tag ?? artifactType ?? "an image"})`;
}

function summary(plan: CopyPlan): readonly string[] {
  const { steps, digest, top } = plan;
  const changed = steps.filter(
    (step) => step.kind === "manifest" && step.digest !== step.raw.digest,
  );
  const digests =
    changed.length === 0 && digest === top.digest
      ? `no digest changes (${top.digest})`
      : `the digest changes from ${top.digest} to ${digest ?? "a digest that is only known after the copy"}`;
  return [transfers(plan), digests];
}

/** The number of blobs and bytes to send. */
function transfers({ cost, steps, reused, isNew }: CopyPlan): string {
  const blobs = steps.filter(({ kind }) => kind === "blob").length;
  const manifests = steps.filter(({ kind }) => kind === "manifest").length;
  const requests = cost.requests === 0 ? "" : `, at most ${cost.requests} requests`;
  const known =
    reused.length === 0 ? "" : `${reused.length} blobs already exist with their manifest; `;
  const bytes = formatBytes(cost.blobBytes);
  const noun = manifests === 1 ? "manifest" : "manifests";
  return isNew
    ? `${known}sends ${blobs} blobs, ${bytes}, and ${manifests} ${noun} to a new location${requests}; blobs that can be reused are not sent`
    : `${known}${blobs} blobs, at most ${bytes}${requests}; blobs that already exist are not sent`;
}
