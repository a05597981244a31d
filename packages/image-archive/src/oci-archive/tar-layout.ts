import { algorithmOf, hexOf, ImageError } from "@drayage/core";
import type {
  BlobStat,
  Digest,
  GetBlobOptions,
  OperationOptions,
  SourceOffers,
} from "@drayage/core";
import { indexSizeLimit } from "@drayage/image-layout";
import type { LayoutFileName, LayoutReader } from "@drayage/image-layout";

import type { TarArchive } from "../tar/tar-archive.ts";

/** The path of a blob in an OCI image layout (OCI image-spec, image-layout.md). */
export function blobPath(digest: Digest): string {
  return `blobs/${algorithmOf(digest)}/${hexOf(digest)}`;
}

/** An OCI image layout in a tar file. Closes the archive. */
export class TarLayout implements LayoutReader {
  readonly #archive: TarArchive;

  constructor(archive: TarArchive) {
    this.#archive = archive;
  }

  /** @throws ImageError `unsupported` if it is a docker archive */
  static async open(archive: TarArchive, options: OperationOptions = {}): Promise<TarLayout> {
    try {
      await rejectDockerArchive(archive, options);
      return new TarLayout(archive);
    } catch (error) {
      await archive[Symbol.asyncDispose]();
      throw error;
    }
  }

  get location(): string {
    return this.#archive.location;
  }

  get offers(): SourceOffers {
    return this.#archive.offers;
  }

  async readFile(
    name: LayoutFileName,
    options: OperationOptions = {},
  ): Promise<Uint8Array | undefined> {
    return this.#archive.readSmall(name, indexSizeLimit, options);
  }

  async statBlob(digest: Digest, options: OperationOptions = {}): Promise<BlobStat | undefined> {
    const member = await this.#archive.find(blobPath(digest), options);
    return member && { size: member.size };
  }

  async *getBlob(
    digest: Digest,
    options: GetBlobOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    const member = await this.#archive.find(blobPath(digest), options);
    if (member === undefined) throw new ImageError("not-found", `No ${digest} in ${this.location}`);
    yield* this.#archive.read(member, options);
  }

  /** Closes the archive. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#archive[Symbol.asyncDispose]();
  }
}

/** @throws ImageError `unsupported` for a docker archive that is not also an OCI image layout */
export async function rejectDockerArchive(
  archive: TarArchive,
  options: OperationOptions = {},
): Promise<void> {
  if ((await archive.find("index.json", options)) !== undefined) return;
  if ((await archive.find("manifest.json", options)) === undefined) return;
  const { location } = archive;
  throw new ImageError(
    "unsupported",
    `${location} is a docker archive; use docker-archive:${location}`,
  );
}
