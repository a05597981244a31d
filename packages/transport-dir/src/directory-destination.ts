import { stat } from "node:fs/promises";
import path from "node:path";

import { algorithmOf, formatSignature, ImageError, imageName } from "@drayage/core";
import type {
  BlobInfo,
  Descriptor,
  DestinationAccepts,
  Digest,
  ImageDestination,
  Manifest,
  OperationOptions,
  PutBlobOptions,
  PutManifestOptions,
  RawManifest,
  ReusedBlob,
  ReusedManifest,
  ReuseManifestOptions,
  ReuseOptions,
  Signature,
} from "@drayage/core";
import { checkDigest, streamOf, maxManifestSize } from "@drayage/core/content";
import { blobsOf, manifestDigestOf, parseManifest } from "@drayage/core/manifest";
import type { NamedBlob } from "@drayage/core/manifest";
import {
  cloneTemporary,
  filePathOf,
  isIntact,
  isProtectedFile,
  linkTemporary,
  readSmallFile,
  StagedFolder,
  writeTemporary,
} from "@drayage/transport-kit/files";
import type { TemporaryFile } from "@drayage/transport-kit/files";

import { commitImage } from "./commit-image.ts";
import { blobName, manifestName, signatureName } from "./directory-names.ts";
import { refuseOtherContent } from "./directory-version.ts";
import type { FolderReference } from "./folder-reference.ts";

/** Settings of `directory()`. */
export interface DirectorySettings {
  /** Whether copied layers are preserved, compressed or decompressed. Default: `preserve`. */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}

/** Writes an image to a staging folder inside the folder, whose files are unchanged until `commit`. */
export class DirectoryDestination implements ImageDestination {
  readonly reference: FolderReference;
  readonly accepts: DestinationAccepts;
  readonly #parts = new Map<string, TemporaryFile>();
  readonly #signatures = new Map<string, Uint8Array>();
  #staging: Promise<StagedFolder> | undefined;
  #manifest: Uint8Array | undefined;

  private constructor(reference: FolderReference, { layers = "preserve" }: DirectorySettings) {
    this.reference = reference;
    this.accepts = {
      manifestMIMETypes: undefined,
      layers,
      foreignLayerURLs: false,
      sparseIndexes: true,
      signatures: true,
      parallelBlobs: 64,
      reuseBuffers: true,
    };
  }

  /** Opens a folder for writing; writes nothing yet. @throws ImageError `conflict` if the folder has other content */
  static async open(
    reference: FolderReference,
    settings: DirectorySettings,
    options: OperationOptions = {},
  ): Promise<DirectoryDestination> {
    options.signal?.throwIfAborted();
    await refuseOtherContent(reference.folder, options);
    return new DirectoryDestination(reference, settings);
  }

  async resolve(options: OperationOptions = {}): Promise<Digest | undefined> {
    options.signal?.throwIfAborted();
    return this.#digestOfComplete(undefined, options);
  }

  /** An instance of the image in the folder. A commit replaces that image, so the manifest must be put for any other. */
  async tryReusingManifest(
    digest: Digest,
    { index, ...options }: ReuseManifestOptions = {},
  ): Promise<ReusedManifest | undefined> {
    options.signal?.throwIfAborted();
    const found = index && (await this.#digestOfComplete(digest, options));
    return found === digest ? { digest, mustBePut: true } : undefined;
  }

  async tryReusingBlob(
    { digest, size }: Descriptor,
    { location, signal }: ReuseOptions = {},
  ): Promise<ReusedBlob | undefined> {
    signal?.throwIfAborted();
    const name = blobName(digest);
    if (this.#parts.get(name)?.size === size) return { digest, size };
    const linked = await this.#linked({ digest, size }, { signal });
    const file = filePathOf(location);
    const cloned =
      linked === undefined && file !== undefined
        ? await cloneTemporary(await this.#stage(), file, { digest, size }, { signal })
        : undefined;
    const reused = linked ?? cloned;
    if (reused === undefined) return undefined;
    this.#parts.set(name, reused);
    return { digest, size, ...(cloned !== undefined && { cloned: true }) };
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    { digestAlgorithm, signal }: PutBlobOptions = {},
  ): Promise<Descriptor> {
    signal?.throwIfAborted();
    const writeOptions = { digestAlgorithm, signal };
    const file = await writeTemporary(await this.#stage(), bytes, blob, writeOptions);
    this.#parts.set(blobName(file.digest), file);
    const { mediaType = "application/octet-stream" } = blob;
    return { ...blob, mediaType, digest: file.digest, size: file.size };
  }

  async putManifest(
    { bytes }: RawManifest,
    { instance, ...options }: PutManifestOptions = {},
  ): Promise<void> {
    options.signal?.throwIfAborted();
    if (instance === undefined) {
      this.#manifest = bytes;
      return;
    }
    checkDigest(manifestDigestOf({ bytes }, algorithmOf(instance)), instance);
    const blob = { digest: instance, size: bytes.byteLength };
    const file = await writeTemporary(await this.#stage(), streamOf(bytes), blob, options);
    this.#parts.set(manifestName(instance), file);
  }

  async putSignatures(
    signatures: readonly Signature[],
    instance?: Digest,
    { signal }: OperationOptions = {},
  ): Promise<void> {
    signal?.throwIfAborted();
    for (const [index, signature] of signatures.entries())
      this.#signatures.set(signatureName(index + 1, instance), formatSignature(signature));
  }

  async commit(options: OperationOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const manifest = this.#manifest;
    if (manifest === undefined) {
      const reference = imageName(this.reference);
      throw new ImageError("conflict", "Put the manifest before the commit", { reference });
    }
    const image = { manifest, parts: this.#parts, signatures: this.#signatures };
    await commitImage(image, this.reference.folder, await this.#stage(), options);
  }

  /** Deletes the staging folder. Without a commit, the image in the folder is unchanged. */
  async [Symbol.asyncDispose](): Promise<void> {
    const staging = await this.#staging?.catch(() => undefined);
    await staging?.[Symbol.asyncDispose]();
  }

  /** Links the blob into the staging folder, so another copy cannot delete it before `commit`. */
  async #linked(
    blob: { readonly digest: Digest; readonly size: number },
    options: OperationOptions,
  ): Promise<TemporaryFile | undefined> {
    const file = this.#file(blobName(blob.digest));
    if (!(await isIntact(file, blob, options))) return undefined;
    return linkTemporary(await this.#stage(), file, blob, options);
  }

  /** The digest of a manifest that is present with all its blobs. */
  async #digestOfComplete(
    instance: Digest | undefined,
    options: OperationOptions,
  ): Promise<Digest | undefined> {
    const file = this.#file(manifestName(instance));
    const bytes = await readSmallFile(file, maxManifestSize, options);
    if (bytes === undefined || !(await this.#hasBlobsOf(bytes, options))) return undefined;
    return manifestDigestOf({ bytes }, instance && algorithmOf(instance));
  }

  /** Whether all blobs of a manifest are present, without the instances of an index. False for an invalid manifest. */
  async #hasBlobsOf(bytes: Uint8Array, options: OperationOptions): Promise<boolean> {
    const manifest = tryParsing(bytes);
    if (manifest === undefined) return false;
    for (const blob of blobsOf(manifest)) if (!(await this.#hasBlob(blob, options))) return false;
    return true;
  }

  /** Verifies the digest if another user could have written the file, and only the size otherwise. */
  async #hasBlob(blob: NamedBlob, options: OperationOptions): Promise<boolean> {
    const file = this.#file(blobName(blob.digest));
    const { folder } = this.reference;
    const size = await sizeOf(file);
    if (size === undefined || size !== (blob.size ?? size)) return false;
    if (await isProtectedFile(file, folder)) return true;
    return isIntact(file, { digest: blob.digest, size }, options);
  }

  /** Created when it is first needed, so reading leaves no files. */
  async #stage(): Promise<string> {
    this.#staging ??= StagedFolder.open(this.reference.folder);
    return (await this.#staging).stage;
  }

  #file(name: string): string {
    return path.join(this.reference.folder, name);
  }
}

function tryParsing(bytes: Uint8Array): Manifest | undefined {
  try {
    return parseManifest({ bytes });
  } catch {
    return undefined;
  }
}

async function sizeOf(file: string): Promise<number | undefined> {
  const status = await stat(file).catch(() => undefined);
  return status?.isFile() === true ? status.size : undefined;
}
