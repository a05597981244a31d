import type { Digest } from "../names/digest.ts";

/** The known properties of a blob. */
export interface BlobInfo {
  readonly digest?: Digest | undefined;
  /** Bytes. */
  readonly size?: number | undefined;
  readonly mediaType?: string | undefined;
  /** The URLs of a foreign layer. */
  readonly urls?: readonly string[] | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** A reference to a blob or manifest (OCI image-spec, descriptor.md). */
export interface Descriptor extends BlobInfo {
  readonly digest: Digest;
  readonly size: number;
  readonly mediaType: string;
  /** The type of the referenced artifact. */
  readonly artifactType?: string | undefined;
}

/**
 * Where a blob is stored, for a destination that can take it from there by itself. Only the transports that `transport`
 * names know what the other strings mean.
 */
export interface BlobLocation {
  /** The name of the transport, or a name on which several transports agree. */
  readonly transport: string;
  /**
   * The store within which blobs can become part of other images without being sent, such as one server. undefined if
   * later copies cannot use the location: it is not cached.
   */
  readonly scope: string | undefined;
  /** The path of the blob in the scope. */
  readonly path: string;
  /** For messages. undefined for a location that a cache returned; messages then name no location. */
  readonly description?: string | undefined;
}
