import path from "node:path";

import { ImageError, imageName, parseSignature } from "@drayage/core";
import type {
  BlobInfo,
  BlobLocation,
  Digest,
  GetBlobOptions,
  ImageSource,
  OperationOptions,
  RawManifest,
  Signature,
  SourceOffers,
} from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import { fileBytes, fileLocation, hasCode, readSmallFile } from "@drayage/transport-kit/files";

import { blobName, manifestName, signatureName } from "./directory-names.ts";
import { versionIn } from "./directory-version.ts";
import type { FolderReference } from "./folder-reference.ts";

/** Reads the image in a folder. */
export class DirectorySource implements ImageSource {
  readonly reference: FolderReference;
  readonly offers: SourceOffers = { parallelBlobs: 64, ranges: true, isLocal: true };

  private constructor(reference: FolderReference) {
    this.reference = reference;
  }

  /** Opens a folder for reading. @throws ImageError `unsupported` for a newer version of the format */
  static async open(
    reference: FolderReference,
    options: OperationOptions = {},
  ): Promise<DirectorySource> {
    options.signal?.throwIfAborted();
    await versionIn(reference.folder, options);
    return new DirectorySource(reference);
  }

  async getManifest(instance?: Digest, options: OperationOptions = {}): Promise<RawManifest> {
    const bytes = await this.#read(manifestName(instance), options);
    if (bytes !== undefined) return { bytes, digest: instance };
    throw this.#notFound(
      instance === undefined
        ? `No image in ${this.reference.folder}: it has no manifest.json`
        : `No manifest ${instance} in ${this.reference.folder}`,
    );
  }

  async *getBlob(
    { digest }: BlobInfo,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    if (digest === undefined) throw this.#notFound("Cannot read a blob without its digest");
    try {
      yield* fileBytes(this.#file(blobName(digest)), options);
    } catch (cause) {
      if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw cause;
      throw this.#notFound(`No blob ${digest} in ${this.reference.folder}`, cause);
    }
  }

  locateBlob({ digest }: BlobInfo): BlobLocation | undefined {
    return digest && fileLocation(this.#file(blobName(digest)));
  }

  async getSignatures(
    instance?: Digest,
    options: OperationOptions = {},
  ): Promise<readonly Signature[]> {
    const signatures: Signature[] = [];
    for (;;) {
      const bytes = await this.#read(signatureName(signatures.length + 1, instance), options);
      if (bytes === undefined) return signatures;
      signatures.push(parseSignature(bytes));
    }
  }

  /** Does nothing: each file is closed after it was read. */
  async [Symbol.asyncDispose](): Promise<void> {}

  async #read(name: string, options: OperationOptions): Promise<Uint8Array | undefined> {
    return readSmallFile(this.#file(name), maxManifestSize, options);
  }

  #file(name: string): string {
    return path.join(this.reference.folder, name);
  }

  #notFound(message: string, cause?: unknown): ImageError {
    return new ImageError("not-found", message, { cause, reference: imageName(this.reference) });
  }
}
