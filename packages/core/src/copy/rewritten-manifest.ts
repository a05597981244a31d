import type { RawManifest } from "../contract/raw-manifest.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { editManifest } from "../manifest/edit-manifest.ts";
import type { ManifestUpdateOptions } from "../manifest/edit-manifest.ts";
import { parseManifest } from "../manifest/manifest.ts";
import { hasZstdLayers } from "../manifest/zstd-annotation.ts";
import { algorithmOf, digestOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";

/** What an index has to say of a manifest that was or will be written. */
export interface RewrittenManifest {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  /** undefined for an index. */
  readonly hasZstdLayers: boolean | undefined;
}

/** How a manifest comes out of its edits, without its bytes. */
export function rewrittenManifest(
  raw: VerifiedManifest,
  edits: ManifestUpdateOptions,
): RewrittenManifest {
  return describeRewritten(raw, editManifest(raw, edits));
}

/** The same bytes keep the digest they had, whatever its algorithm. */
export function describeRewritten(raw: VerifiedManifest, edited: RawManifest): RewrittenManifest {
  const isSame = edited.bytes === raw.bytes;
  const manifest = parseManifest(edited);
  return {
    digest: isSame ? raw.digest : digestOf(edited.bytes, algorithmOf(raw.digest)),
    size: edited.bytes.byteLength,
    mediaType: edited.mediaType ?? "",
    hasZstdLayers: manifest.kind === "image" ? hasZstdLayers(manifest) : undefined,
  };
}
