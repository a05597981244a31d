import { maxManifestSize } from "../content/byte-stream.ts";
import { checkDigest, checkSize } from "../content/verified-blob.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Signature } from "../contract/signature.ts";
import { algorithmOf, digestOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";

/** A manifest whose bytes are those that were asked for. */
export interface VerifiedManifest extends RawManifest {
  readonly digest: Digest;
}

/**
 * An image of which nothing has been parsed: what a policy is shown first. Manifest and signatures are fetched once,
 * and the manifest is checked against every digest by which it was asked for.
 */
export class UnparsedImage {
  readonly source: ImageSource;
  /** Set for a manifest out of an index. */
  readonly instance: Digest | undefined;
  readonly #size: number | undefined;
  #manifest: VerifiedManifest | undefined;
  #signatures: readonly Signature[] | undefined;

  /** `size` is that which an index gives the manifest, in bytes; undefined where none does. */
  constructor(source: ImageSource, instance?: Digest, size?: number) {
    this.source = source;
    this.instance = instance;
    this.#size = size;
  }

  get reference(): ImageReference {
    return this.source.reference;
  }

  /** @throws ImageError `digest-mismatch`, `not-found`, `invalid-manifest` where it is too large */
  async manifest(options: OperationOptions = {}): Promise<VerifiedManifest> {
    this.#manifest ??= this.#verify(await this.source.getManifest(this.instance, options));
    return this.#manifest;
  }

  /** Untrusted; none where the source keeps no signatures. */
  async signatures(options: OperationOptions = {}): Promise<readonly Signature[]> {
    this.#signatures ??= (await this.source.getSignatures?.(this.instance, options)) ?? [];
    return this.#signatures;
  }

  #verify(raw: RawManifest): VerifiedManifest {
    const { byteLength } = raw.bytes;
    if (byteLength > maxManifestSize) {
      throw new ImageError(
        "invalid-manifest",
        `The manifest has ${byteLength} bytes; ${maxManifestSize} are allowed`,
        { reference: imageName(this.reference) },
      );
    }
    const asked = this.instance ?? this.reference.dockerReference?.digest;
    const promised = [asked, raw.digest].filter((digest) => digest !== undefined);
    for (const digest of promised) checkDigest(digestOf(raw.bytes, algorithmOf(digest)), digest);
    const digest = promised[0] ?? digestOf(raw.bytes);
    checkSize(digest, byteLength, this.#size);
    return { ...raw, digest };
  }
}
