import { maxManifestSize } from "../content/byte-stream.ts";
import { checkDigest, checkSize } from "../content/verified-blob.ts";
import { imageName } from "../contract/image-reference.ts";
import type { ImageReference } from "../contract/image-reference.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import type { Signature } from "../contract/signature.ts";
import { manifestDigestOf } from "../manifest/manifest-digest.ts";
import { algorithmOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";

/** A manifest with a verified digest. */
export interface VerifiedManifest extends RawManifest {
  readonly digest: Digest;
}

/**
 * An image before anything in it is parsed, as policies receive it. Fetches the manifest and the signatures once, and
 * verifies the manifest with every known digest.
 */
export class UnparsedImage {
  readonly source: ImageSource;
  /** The digest of a manifest in an index; undefined for the manifest that the reference names. */
  readonly instance: Digest | undefined;
  readonly #size: number | undefined;
  #manifest: VerifiedManifest | undefined;
  #signatures: readonly Signature[] | undefined;

  /** `size` is the size of the manifest in its index, in bytes; undefined if it is not in an index. */
  constructor(source: ImageSource, instance?: Digest, size?: number) {
    this.source = source;
    this.instance = instance;
    this.#size = size;
  }

  get reference(): ImageReference {
    return this.source.reference;
  }

  /** The verified manifest. @throws ImageError `digest-mismatch`, `not-found`; `invalid-manifest` if it is too large */
  async manifest(options: OperationOptions = {}): Promise<VerifiedManifest> {
    this.#manifest ??= this.#verify(await this.source.getManifest(this.instance, options));
    return this.#manifest;
  }

  /** Unverified signatures. Empty if the source does not store signatures. */
  async signatures(options: OperationOptions = {}): Promise<readonly Signature[]> {
    this.#signatures ??= (await this.source.getSignatures?.(this.instance, options)) ?? [];
    return this.#signatures;
  }

  #verify(raw: RawManifest): VerifiedManifest {
    const { byteLength } = raw.bytes;
    if (byteLength > maxManifestSize) {
      throw new ImageError(
        "invalid-manifest",
        `The manifest has ${byteLength} bytes; the limit is ${maxManifestSize}`,
        { reference: imageName(this.reference) },
      );
    }
    const requested = this.instance ?? this.reference.dockerReference?.digest;
    const expected = [requested, raw.digest].filter((digest) => digest !== undefined);
    for (const digest of expected) checkDigest(manifestDigestOf(raw, algorithmOf(digest)), digest);
    const digest = expected[0] ?? manifestDigestOf(raw);
    checkSize(digest, byteLength, this.#size);
    return { ...raw, digest };
  }
}
