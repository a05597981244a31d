import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import type { Readable } from "node:stream";

import { digestHasher, ImageError, isImageError } from "@drayage/core";
import type { Digest, GetBlobOptions, OperationOptions } from "@drayage/core";
import { compressionOf, readAll, sliced } from "@drayage/core/content";
import type { Compression } from "@drayage/core/content";
import {
  cannotDecompress,
  checkedTar,
  missingFile,
  openFile,
  spooled,
  decompressedBytes,
} from "@drayage/image-archive";
import type { RandomAccessBytes } from "@drayage/image-archive";
import { hasCode, withFileErrors, pipeBytes } from "@drayage/transport-kit/files";

import type { Instant } from "./tarball-time.ts";

/** A root file system in a tar file, as a layer. Closes the file. */
export interface TarballLayer extends AsyncDisposable {
  readonly mediaType: string;
  readonly digest: Digest;
  readonly size: number;
  /** The digest of the uncompressed layer. */
  readonly diffID: Digest;
  readonly modified: Instant;
  /** Lazy, as `ImageSource.getBlob`. */
  read(options?: GetBlobOptions): AsyncIterable<Uint8Array>;
}

/** The path that stands for standard input. */
export const standardInput = "-";

/**
 * Reads the file once to compute its digests. @throws ImageError `not-found`; `invalid-manifest` if it is not a tar
 * file
 */
export async function openTarballLayer(
  file: string,
  options: OperationOptions = {},
): Promise<TarballLayer> {
  options.signal?.throwIfAborted();
  const { bytes, modified } = await openBytes(file, options);
  try {
    const compression = await compressionIn(bytes, options);
    const { stored, content } = await digestsOf(bytes, compression, options);
    const type = mediaTypes[compression];
    const isStored = type !== undefined;
    return {
      mediaType: type ?? mediaTypes.none,
      ...(isStored ? stored : content),
      diffID: content.digest,
      modified,
      read: (readOptions = {}) =>
        isStored
          ? readStored(bytes, readOptions)
          : readDecompressed(bytes, compression, readOptions),
      [Symbol.asyncDispose]: () => bytes[Symbol.asyncDispose](),
    };
  } catch (error) {
    await bytes[Symbol.asyncDispose]();
    throw error;
  }
}

/** Layers with another compression are decompressed, because the OCI image-spec does not allow them. */
const mediaTypes: Partial<Record<Compression, string>> & { readonly none: string } = {
  none: "application/vnd.oci.image.layer.v1.tar",
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
};

interface OpenBytes {
  readonly bytes: RandomAccessBytes;
  readonly modified: Instant;
}

async function openBytes(file: string, options: OperationOptions): Promise<OpenBytes> {
  if (file === standardInput) return spooledInput(process.stdin, "standard input", options);
  const status = await withFileErrors(file, () => stat(file, { bigint: true })).catch(
    async (cause: unknown) => {
      if (!hasCode(cause, "ENOENT", "ENOTDIR")) throw cause;
      throw await missingFile("file", file, cause);
    },
  );
  if (status.isDirectory())
    throw new ImageError("unsupported", `${file} is a folder; pass a tar file`);
  if (status.isFIFO() || status.isCharacterDevice())
    return spooledInput(pipeBytes(file, options), file, options);
  if (!status.isFile())
    return withFileErrors(file, () =>
      spooledInput(createReadStream(file, { signal: options.signal }), file, options),
    );
  return { bytes: await openFile(file), modified: status.mtimeNs };
}

async function spooledInput(
  input: Readable | AsyncIterable<Uint8Array>,
  location: string,
  options: OperationOptions,
): Promise<OpenBytes> {
  const bytes = await spooled(input as AsyncIterable<Uint8Array>, location, options);
  return { bytes, modified: BigInt(Date.now()) * 1_000_000n };
}

async function compressionIn(
  bytes: RandomAccessBytes,
  options: OperationOptions,
): Promise<Compression> {
  if (bytes.size === 0) {
    await bytes[Symbol.asyncDispose]();
    throw new ImageError("not-found", `${bytes.location} is empty; pass a tar file`);
  }
  const end = Math.min(6, bytes.size) - 1;
  return compressionOf(await readAll(bytes.read({ start: 0, end }, options), 6));
}

interface Checksum {
  readonly digest: Digest;
  readonly size: number;
}

async function digestsOf(
  bytes: RandomAccessBytes,
  compression: Compression,
  options: OperationOptions,
): Promise<{ readonly stored: Checksum; readonly content: Checksum }> {
  const [stored, content] = [new Summing(), new Summing()];
  const passing = stored.passing(bytes.read({ start: 0 }, options));
  try {
    const tar = checkedTar(
      content.passing(decompressedBytes(passing, compression)),
      bytes.location,
    );
    for (let next = await tar.next(); !next.done;) next = await tar.next();
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (isImageError(cause)) throw cause;
    throw cannotDecompress(bytes.location, compression, cause);
  }
  return { stored: stored.sum(), content: content.sum() };
}

class Summing {
  readonly #hasher = digestHasher();
  #size = 0;

  async *passing(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of bytes) {
      this.#size += chunk.byteLength;
      this.#hasher.update(chunk);
      yield chunk;
    }
  }

  sum(): Checksum {
    return { digest: this.#hasher.digest(), size: this.#size };
  }
}

async function* readStored(
  bytes: RandomAccessBytes,
  { range = { start: 0 }, ...options }: GetBlobOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* bytes.read(range, options);
}

async function* readDecompressed(
  bytes: RandomAccessBytes,
  compression: Compression,
  { range, signal }: GetBlobOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* sliced(decompressedBytes(bytes.read({ start: 0 }, { signal }), compression), range);
}
