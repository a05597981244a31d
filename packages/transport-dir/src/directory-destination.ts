import { stat } from "node:fs/promises";
import path from "node:path";

import { algorithmOf, digestOf, formatSignature, ImageError, imageName } from "@drayage/core";
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
import { blobsOf, parseManifest } from "@drayage/core/manifest";
import {
  cloneTemporary,
  filePathOf,
  isIntact,
  isKeptByUsAlone,
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

/** How a `directory()` writes. */
export interface DirectorySettings {
  /** What becomes of layers that are copied here. Default `preserve`: the same bytes, and so the same digests. */
  readonly layers?: DestinationAccepts["layers"] | undefined;
}

/** Gathers an image in a stage inside the folder; what is there stays as it is until `commit`. */
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
      signatures: true,
      parallelBlobs: 64,
      reuseBuffers: true,
    };
  }

  /** Writes nothing yet. @throws ImageError `conflict` where the folder holds something else */
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
    return this.#digestOfWhole(undefined, options);
  }

  /** An instance of the image in the folder. A commit replaces that image, so the manifest must be put for any other. */
  async tryReusingManifest(
    digest: Digest,
    { index, ...options }: ReuseManifestOptions = {},
  ): Promise<ReusedManifest | undefined> {
    options.signal?.throwIfAborted();
    const found = index && (await this.#digestOfWhole(digest, options));
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
    { signal }: PutBlobOptions = {},
  ): Promise<Descriptor> {
    signal?.throwIfAborted();
    const file = await writeTemporary(await this.#stage(), bytes, blob, { signal });
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
    checkDigest(digestOf(bytes, algorithmOf(instance)), instance);
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
    for (const [at, signature] of signatures.entries())
      this.#signatures.set(signatureName(at + 1, instance), formatSignature(signature));
  }

  async commit(options: OperationOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const manifest = this.#manifest;
    if (manifest === undefined) {
      const reference = imageName(this.reference);
      throw new ImageError("conflict", "Commit before the manifest", { reference });
    }
    const image = { manifest, parts: this.#parts, signatures: this.#signatures };
    await commitImage(image, this.reference.folder, await this.#stage(), options);
  }

  /** Without a commit all is as it was. */
  async [Symbol.asyncDispose](): Promise<void> {
    const staging = await this.#staging?.catch(() => undefined);
    await staging?.[Symbol.asyncDispose]();
  }

  /** A link of our own, so that another copy into the folder cannot take the blob away before `commit`. */
  async #linked(
    blob: { readonly digest: Digest; readonly size: number },
    options: OperationOptions,
  ): Promise<TemporaryFile | undefined> {
    const file = this.#file(blobName(blob.digest));
    if (!(await isIntact(file, blob, options))) return undefined;
    return linkTemporary(await this.#stage(), file, blob, options);
  }

  /** The digest of a manifest that is in the folder with all its blobs. */
  async #digestOfWhole(
    instance: Digest | undefined,
    options: OperationOptions,
  ): Promise<Digest | undefined> {
    const file = this.#file(manifestName(instance));
    const bytes = await readSmallFile(file, maxManifestSize, options);
    if (bytes === undefined || !(await this.#hasBlobsOf(bytes, options))) return undefined;
    return digestOf(bytes, instance && algorithmOf(instance));
  }

  /** Not the instances of an index. False for a manifest that cannot be parsed. */
  async #hasBlobsOf(bytes: Uint8Array, options: OperationOptions): Promise<boolean> {
    const manifest = parsed(bytes);
    if (manifest === undefined) return false;
    for (const blob of blobsOf(manifest)) if (!(await this.#hasBlob(blob, options))) return false;
    return true;
  }

  /** Read where another user could have written it; else its size is enough. */
  async #hasBlob(blob: Descriptor, options: OperationOptions): Promise<boolean> {
    const file = this.#file(blobName(blob.digest));
    const { folder } = this.reference;
    if (!(await isKeptByUsAlone(file, folder))) return isIntact(file, blob, options);
    return (await sizeOf(file)) === blob.size;
  }

  /** Made when it is first needed: whoever only asks leaves no trace. */
  async #stage(): Promise<string> {
    this.#staging ??= StagedFolder.open(this.reference.folder);
    return (await this.#staging).stage;
  }

  #file(name: string): string {
    return path.join(this.reference.folder, name);
  }
}

function parsed(bytes: Uint8Array): Manifest | undefined {
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
