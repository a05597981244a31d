import { algorithmOf, digestHasher } from "./digest.ts";
import type { Digest, DigestHasher } from "./digest.ts";
import { ImageError } from "./image-error.ts";

/** What the bytes of a stream must turn out to be. */
export interface ExpectedBytes {
  readonly digest: Digest;
  /** Bytes; undefined where it is not known. */
  readonly size?: number | undefined;
}

/**
 * The same bytes, and an error instead of their end unless they are what was expected.
 * The last chunk is held back until the digest is right, so that whoever reads to the end has read nothing false.
 * @throws ImageError `digest-mismatch`
 */
export function verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: ExpectedBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  return new VerifiedBlob(expected, () => bytes).from(0);
}

/** @throws ImageError `digest-mismatch` */
export function checkDigest(found: Digest, expected: Digest): void {
  if (found === expected) return;
  throw new ImageError(
    "digest-mismatch",
    `Expected ${expected} and read ${found}: the data was damaged or replaced; nothing of it was kept`,
  );
}

/** A place in a blob up to which it is known what was hashed. */
interface Checkpoint {
  readonly at: number;
  readonly hasher: DigestHasher;
}

/** How a blob is read once: whether a chunk may be written over when the next is asked for. */
export interface ReadingOptions {
  readonly lentChunks?: boolean;
}

/** Reads a blob from there on. */
export type ReadFrom = (start: number, options: ReadingOptions) => AsyncIterable<Uint8Array>;

const checkpointDistance = 8 << 20;

/**
 * A blob that is read from its beginning and, where that breaks off, again from any place that was reached before. Each
 * reading fails at its end unless all the bytes are what was expected.
 */
export class VerifiedBlob {
  readonly #expected: ExpectedBytes;
  readonly #read: ReadFrom;
  /** Told of bytes that were not read before. */
  readonly #onProgress: (bytes: number) => void;
  readonly #checkpoints: Checkpoint[];
  #reached = 0;

  constructor(
    expected: ExpectedBytes,
    read: ReadFrom,
    onProgress: (bytes: number) => void = () => {},
  ) {
    this.#expected = expected;
    this.#read = read;
    this.#onProgress = onProgress;
    this.#checkpoints = [{ at: 0, hasher: digestHasher(algorithmOf(expected.digest)) }];
  }

  /**
   * The bytes from `start` on, no further than an earlier reading came. The last chunk is held back until the
   * digest is right, so that whoever reads to the end has read nothing false.
   * @throws ImageError `digest-mismatch`
   */
  async *from(
    start: number,
    options: ReadingOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const checkpoint = this.#checkpoints.findLast(({ at }) => at <= start);
    if (checkpoint === undefined || start > this.#reached)
      throw new RangeError(`Not read: ${start}`);
    const hasher = checkpoint.hasher.copy();
    let { at } = checkpoint;
    let held: Uint8Array | undefined;
    for await (const chunk of this.#read(at, options)) {
      const skipped = Math.min(Math.max(start - at, 0), chunk.byteLength);
      at += chunk.byteLength;
      refuseMore(this.#expected, at);
      hasher.update(chunk);
      this.#remember(at, hasher);
      if (held !== undefined) yield held;
      held = undefined;
      const part = skipped === 0 ? chunk : chunk.subarray(skipped);
      if (part.byteLength === 0) continue;
      const mayBeLast = this.#expected.size === undefined || at === this.#expected.size;
      if (!mayBeLast) yield part;
      else held = options.lentChunks ? new Uint8Array(part) : part;
    }
    refuseLess(this.#expected, at);
    checkDigest(hasher.digest(), this.#expected.digest);
    if (held !== undefined) yield held;
  }

  #remember(at: number, hasher: DigestHasher): void {
    if (at > this.#reached) {
      this.#onProgress(at - this.#reached);
      this.#reached = at;
    }
    const last = this.#checkpoints.at(-1)?.at ?? 0;
    if (at - last >= checkpointDistance) this.#checkpoints.push({ at, hasher: hasher.copy() });
  }
}

function refuseMore({ digest, size }: ExpectedBytes, at: number): void {
  if (size !== undefined && at > size) throw wrongSize(digest, size, "more");
}

function refuseLess({ digest, size }: ExpectedBytes, at: number): void {
  if (size !== undefined && at < size) throw wrongSize(digest, size, `only ${at}`);
}

function wrongSize(digest: string, size: number, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `${digest} should have ${size} bytes and has ${found}; nothing of it was kept`,
  );
}
