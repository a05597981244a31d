import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageIndex } from "../manifest/manifest.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { withZstdAnnotation } from "../manifest/zstd-annotation.ts";
import type { RewrittenManifest } from "./rewritten-manifest.ts";

/** The outcome for an entry of an index: rewritten, omitted, or kept although its instance is not copied. */
export type EntryOutcome = RewrittenManifest | "omitted" | "kept";

/**
 * The new entries of an index, one for each existing entry; undefined for an omitted one. If any entry changes or is
 * added, an OCI index gets annotations for zstd instances, like with containers/image.
 */
export function indexEntries(
  { manifests, mediaType }: ImageIndex,
  outcomes: readonly EntryOutcome[],
  hasAdded = false,
): readonly (Descriptor | undefined)[] {
  const entries = manifests.map((entry, at) => updatedEntry(entry, outcomes[at] ?? "kept"));
  const isEdited = hasAdded || entries.some((entry, at) => hasChanged(entry, manifests[at]));
  if (!isEdited || mediaType !== mediaTypes.ociIndex) return entries;
  return entries.map((entry, at) => {
    const outcome = outcomes[at];
    const hasZstd = typeof outcome === "object" ? outcome.hasZstdLayers : undefined;
    return entry === undefined || hasZstd === undefined
      ? entry
      : withZstdAnnotation(entry, hasZstd);
  });
}

function updatedEntry(entry: Descriptor, outcome: EntryOutcome): Descriptor | undefined {
  if (outcome === "omitted") return undefined;
  if (outcome === "kept" || outcome.digest === entry.digest) return entry;
  const { digest, size, mediaType } = outcome;
  return { ...entry, digest, size, mediaType };
}

function hasChanged(entry: Descriptor | undefined, before: Descriptor | undefined): boolean {
  return (
    entry?.digest !== before?.digest ||
    entry?.size !== before?.size ||
    entry?.mediaType !== before?.mediaType
  );
}
