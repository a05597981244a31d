import type { Transform } from "node:stream";

import { ImageError } from "../names/image-error.ts";

/** A decompressor that reports how many bytes it has consumed. */
type Decompressor = Transform & { readonly bytesWritten: number };

/**
 * Decompresses a stream. Reads the source to its end, even if the decompressor ends earlier: gunzip ignores bytes after a
 * zero, and the source verifies its digest only at the end.
 * @throws ImageError `unsupported` if the ignored bytes are not zeros, because other programs may decompress them
 */
export async function* transformed(
  bytes: AsyncIterable<Uint8Array>,
  transform: Decompressor,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feeder = new Feeder(transform);
  const written = feeder.writeAll(bytes);
  written.catch((error: Error) => transform.destroy(error));
  try {
    yield* transform as AsyncIterable<Uint8Array>;
    await written;
  } finally {
    // Not awaited: a stalled source would delay the error.
    feeder.stop();
    transform.destroy();
  }
}

class Feeder {
  readonly #transform: Decompressor;
  #wake: () => void = () => {};
  #isStopped = false;

  constructor(transform: Decompressor) {
    this.#transform = transform;
    for (const event of ["end", "error", "close"]) transform.on(event, () => this.#wake());
  }

  async writeAll(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of bytes) {
      const ignored = this.#transform.readableEnded ? chunk : await this.#write(chunk);
      if (this.#isStopped) return;
      if (ignored.some((byte) => byte !== 0)) throw trailingData();
    }
    this.#transform.end();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Writes a chunk. Returns the bytes that the transform has not consumed when it has finished. */
  async #write(chunk: Uint8Array): Promise<Uint8Array> {
    const before = this.#transform.bytesWritten;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#transform.write(chunk, () => resolve());
    });
    return chunk.subarray(this.#transform.bytesWritten - before);
  }
}

function trailingData(): ImageError {
  return new ImageError(
    "unsupported",
    "The compressed data is followed by other data, which other programs may decompress; compress it again without that data",
  );
}
