import { imageName } from "@drayage/core";
import type {
  BlobInfo,
  Descriptor,
  DestinationAccepts,
  Digest,
  ImageDestination,
  ImageReference,
  NamedReference,
  OperationOptions,
  PutBlobOptions,
  PutManifestOptions,
  RawManifest,
  ReusedManifest,
  ReuseManifestOptions,
  ReuseOptions,
} from "@drayage/core";
import { formatNamedReference } from "@drayage/core/reference";
import { ArchiveLayout, StreamArchiveUpdate } from "@drayage/image-archive";
import { LayoutDestination } from "@drayage/image-layout";

import type { Engine } from "./engine/engine.ts";
import { ImageLoad } from "./engine/image-load.ts";
import { findStoredManifest } from "./engine/stored-manifests.ts";

/** Writes one image to an engine with the containerd store, unchanged: as an OCI layout in an archive. */
export class ContainerdDestination implements ImageDestination {
  readonly reference: ImageReference;
  readonly accepts: DestinationAccepts;
  readonly #engine: Engine;
  readonly #name: string;
  readonly #layout: LayoutDestination;

  private constructor(
    reference: ImageReference,
    engine: Engine,
    name: string,
    layout: LayoutDestination,
  ) {
    this.reference = reference;
    this.accepts = {
      ...layout.accepts,
      foreignLayerURLs: false,
      sparseIndexes: undefined,
      referrers: false,
      signatures: "a container engine cannot store signatures",
    };
    this.#engine = engine;
    this.#name = name;
    this.#layout = layout;
  }

  /** Opens a destination; sends nothing yet. */
  static async open(
    reference: ImageReference,
    engine: Engine,
    named: NamedReference,
    options: OperationOptions,
  ): Promise<ContainerdDestination> {
    const name = formatNamedReference(named);
    const update = new StreamArchiveUpdate(new ImageLoad(engine, options), imageName(reference));
    const archive = await ArchiveLayout.open(update, { ...options, append: false });
    const layout = await LayoutDestination.open(reference, archive, { name }, options);
    return new ContainerdDestination(reference, engine, name, layout);
  }

  async resolve(options: OperationOptions = {}): Promise<Digest | undefined> {
    return findStoredManifest(this.#engine, this.#name, undefined, options);
  }

  /** An instance of the image that has this name. An archive to load must still contain it. */
  async tryReusingManifest(
    digest: Digest,
    { index, ...options }: ReuseManifestOptions = {},
  ): Promise<ReusedManifest | undefined> {
    if (index === undefined) return undefined;
    const found = await findStoredManifest(this.#engine, this.#name, digest, options);
    return found && { digest: found, mustBePut: true };
  }

  async tryReusingBlob(
    blob: Descriptor,
    options: ReuseOptions = {},
  ): Promise<BlobInfo | undefined> {
    return this.#layout.tryReusingBlob(blob, options);
  }

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    options: PutBlobOptions = {},
  ): Promise<Descriptor> {
    return this.#layout.putBlob(bytes, blob, options);
  }

  async putManifest(manifest: RawManifest, options: PutManifestOptions = {}): Promise<void> {
    await this.#layout.putManifest(manifest, options);
  }

  async commit(options: OperationOptions = {}): Promise<void> {
    await this.#layout.commit(options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#layout[Symbol.asyncDispose]();
  }
}
