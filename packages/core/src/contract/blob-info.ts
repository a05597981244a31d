import type { Digest } from "../names/digest.ts";

/** What is known of a blob. */
export interface BlobInfo {
  readonly digest?: Digest | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  readonly mediaType?: string | undefined;
  /** Where a foreign layer may be downloaded from. */
  readonly urls?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A blob or manifest as an image names it (OCI image-spec, descriptor.md). */
export interface Descriptor extends BlobInfo {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  /** The type of the artifact that the descriptor leads to. */
  readonly artifactType?: string | undefined;
}

/**
 * Where a blob lies, for a destination that could take it from there without our reading it.
 * Kinds of third parties start with `x-`.
 */
export type BlobLocation =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "registry"; readonly origin: string; readonly repository: string }
  | {
      readonly kind: "s3";
      readonly endpoint: string | undefined;
      readonly bucket: string;
      readonly key: string;
    }
  | { readonly kind: `x-${string}`; readonly [detail: string]: unknown };
