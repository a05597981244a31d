import type { Transform } from "node:stream";

import { ImageError } from "../names/image-error.ts";

/** Unpacks, and tells how many bytes it has made use of. */
type Unpacker = Transform & { readonly bytesWritten: number };

/**
 * What a transform makes of the bytes. They are read to their end even where it wants no more of them: gunzip ignores what
 * follows a zero, and only the end of a stream tells whether it was the right one.
 * @throws ImageError `unsupported` where what it ignores is more than zeros, in which others may see a part of the content
 */
export async function* through(
  bytes: AsyncIterable<Uint8Array>,
  transform: Unpacker,
): AsyncGenerator<Uint8Array, void, undefined> {
  const feed = new Feed(transform);
  const fed = feed.all(bytes);
  fed.catch((error: Error) => transform.destroy(error));
  try {
    yield* transform as AsyncIterable<Uint8Array>;
    await fed;
  } finally {
    // Not waited for: a source that stands still would keep whoever failed from saying so.
    feed.stop();
    transform.destroy();
  }
}

class Feed {
  readonly #transform: Unpacker;
  #wake: () => void = () => {};
  #isStopped = false;

  constructor(transform: Unpacker) {
    this.#transform = transform;
    for (const event of ["end", "error", "close"]) transform.on(event, () => this.#wake());
  }

  async all(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of bytes) {
      const ignored = this.#transform.readableEnded ? chunk : await this.#write(chunk);
      if (this.#isStopped) return;
      if (ignored.some((byte) => byte !== 0)) throw followed();
    }
    this.#transform.end();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Done once the chunk was made use of, or nothing is any more; what was not. */
  async #write(chunk: Uint8Array): Promise<Uint8Array> {
    const before = this.#transform.bytesWritten;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#transform.write(chunk, () => resolve());
    });
    return chunk.subarray(this.#transform.bytesWritten - before);
  }
}

function followed(): ImageError {
  return new ImageError(
    "unsupported",
    "Something follows what is packed; pack it anew without, or others will unpack another content",
  );
}
