import type { Transform } from "node:stream";

/**
 * What a transform makes of the bytes. They are read to their end even where it wants no more of them: gunzip ignores what
 * follows a zero, and only the end of a stream tells whether it was the right one.
 */
export async function* through(
  bytes: AsyncIterable<Uint8Array>,
  transform: Transform,
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
  readonly #transform: Transform;
  #wake: () => void = () => {};
  #isStopped = false;

  constructor(transform: Transform) {
    this.#transform = transform;
    for (const event of ["drain", "end", "error", "close"]) {
      transform.on(event, () => this.#wake());
    }
  }

  async all(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of bytes) {
      if (!this.#hasEnded) await this.#write(chunk);
      if (this.#isStopped) return;
    }
    this.#transform.end();
  }

  stop(): void {
    this.#isStopped = true;
  }

  get #hasEnded(): boolean {
    return this.#transform.readableEnded || this.#transform.destroyed;
  }

  async #write(chunk: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (this.#transform.write(chunk)) resolve();
    });
  }
}
