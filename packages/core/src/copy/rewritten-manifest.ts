import type { RawManifest } from "../contract/raw-manifest.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { editManifest } from "../manifest/edit-manifest.ts";
import type { ManifestUpdateOptions } from "../manifest/edit-manifest.ts";
import { manifestDigestOf } from "../manifest/manifest-digest.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { hasZstdLayers } from "../manifest/zstd-annotation.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest, DigestAlgorithm } from "../names/digest.ts";

/** The properties of a written or planned manifest for its entry in an index. */
export interface RewrittenManifest {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  /** undefined for an index. */
  readonly hasZstdLayers: boolean | undefined;
}

/** Applies edits, and describes the result without its bytes. */
export function rewrittenManifest(
  raw: VerifiedManifest,
  edits: ManifestUpdateOptions,
  algorithm?: DigestAlgorithm,
): RewrittenManifest {
  return describeRewritten(raw, editManifest(raw, edits), algorithm);
}

/** Describes an edited manifest. Unchanged bytes keep their digest, whatever its algorithm. */
export function describeRewritten(
  raw: VerifiedManifest,
  edited: RawManifest,
  algorithm: DigestAlgorithm = algorithmOf(raw.digest),
): RewrittenManifest {
  const isSame = edited.bytes === raw.bytes;
  const manifest = parseManifest(edited);
  return {
    digest: isSame ? raw.digest : manifestDigestOf(edited, algorithm),
    size: edited.bytes.byteLength,
    mediaType: edited.mediaType ?? "",
    hasZstdLayers: manifest.kind === "image" ? hasZstdLayers(manifest) : undefined,
  };
}
