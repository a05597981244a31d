import { once } from "node:events";
import { PassThrough } from "node:stream";

import { decompressed, detectCompression } from "../compression/compression.ts";
import type { Compression, DecompressionOptions } from "../compression/compression.ts";
import { digestHasher } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";

/** The digest of an uncompressed layer (OCI image-spec, config.md, "Layer DiffID"). */
export interface DiffID {
  readonly digest: Digest;
  /** The compression of the bytes that were read. */
  readonly compression: Compression;
}

/** @throws ImageError `unsupported`, `invalid-manifest` for bytes that cannot be decompressed */
export async function diffIDOf(
  bytes: AsyncIterable<Uint8Array>,
  decompression: DecompressionOptions,
): Promise<DiffID> {
  const found = await detectCompression(bytes);
  const hasher = digestHasher("sha256");
  try {
    for await (const chunk of decompressed(found.bytes, found.compression, decompression))
      hasher.update(chunk);
    return { digest: hasher.digest(), compression: found.compression };
  } finally {
    await found.close();
  }
}

/** Computes the DiffID of a layer while another reader consumes its bytes. */
export class DiffIDComputation {
  readonly #copy = new PassThrough();
  readonly #diffID: Promise<DiffID>;
  #isWhole = false;

  constructor(decompression: DecompressionOptions) {
    // The stream is destroyed when either side fails; the error is thrown by `result`.
    this.#copy.on("error", () => {});
    this.#diffID = diffIDOf(this.#copy, decompression);
    this.#diffID.catch((error: Error) => this.#copy.destroy(error));
  }

  /** Yields the same bytes. The source must not reuse buffers. */
  async *observe(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of bytes) {
        if (this.#copy.destroyed) await this.#diffID;
        if (!this.#copy.write(chunk)) await once(this.#copy, "drain");
        yield chunk;
      }
      this.#isWhole = true;
      this.#copy.end();
    } finally {
      if (!this.#isWhole) this.#copy.destroy();
    }
  }

  /** undefined if the bytes were not read to their end. */
  async result(): Promise<DiffID | undefined> {
    return this.#isWhole ? this.#diffID : undefined;
  }
}
