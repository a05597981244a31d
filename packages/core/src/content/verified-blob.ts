import { algorithmOf, digestHasher } from "../names/digest.ts";
import type { Digest, DigestHasher } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";

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

/**
 * That a manifest has the size which an index gives it: a wrong one is not put right on the way.
 * @throws ImageError `digest-mismatch`
 */
export function checkSize(digest: Digest, found: number, expected: number | undefined): void {
  if (expected === undefined || found === expected) return;
  throw new ImageError(
    "digest-mismatch",
    `The manifest ${digest} has ${found} bytes, and the index that names it says ${expected}: the index is wrong; build it again`,
  );
}

/** A place in a blob, and the digest of all that was read up to it. */
interface Checkpoint {
  readonly at: number;
  readonly hasher: DigestHasher;
}

/** How far one reading came. */
interface Reading {
  at: number;
  readonly hasher: DigestHasher;
}

/** How a blob is read once: whether a chunk may be written over when the next is asked for. */
export interface ReadingOptions {
  readonly reuseBuffers?: boolean;
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
  readonly #open: ReadFrom;
  /** Told of bytes that were not read before. */
  readonly #onProgress: (bytes: number) => void;
  readonly #checkpoints: Checkpoint[] = [];
  /** Where readings are or ended: what they gave away is right only if a later one finds the same up to there. */
  #ends: readonly Reading[] = [];
  #reached = 0;

  constructor(
    expected: ExpectedBytes,
    open: ReadFrom,
    onProgress: (bytes: number) => void = () => {},
  ) {
    this.#expected = expected;
    this.#open = open;
    this.#onProgress = onProgress;
  }

  /**
   * The bytes from `start` on, no further than an earlier reading came. The last chunk is held back until the digest is
   * right, and what earlier readings gave is compared with what is there now: who reads to the end, in however many
   * readings, has read nothing false.
   * @throws ImageError `digest-mismatch`
   */
  async *from(
    start: number,
    options: ReadingOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (start > this.#reached) throw new RangeError(`Not read: ${start}`);
    const { at: from, hasher } = this.#checkpointBefore(start);
    const reading = { at: from, hasher: hasher.copy() };
    // Wherever it will end, and whether that is told or not.
    this.#ends = [...this.#ends, reading];
    yield* this.#read(reading, start, options);
    this.#ends = [];
  }

  async *#read(
    reading: Reading,
    start: number,
    options: ReadingOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { digest, size } = this.#expected;
    let held: Uint8Array | undefined;
    for await (const chunk of this.#open(reading.at, options)) {
      // It shows nothing of what follows.
      if (chunk.byteLength === 0) continue;
      const skipped = Math.min(Math.max(start - reading.at, 0), chunk.byteLength);
      refuseMore(this.#expected, reading.at + chunk.byteLength);
      this.#advance(reading, chunk);
      if (held !== undefined) yield held;
      held = undefined;
      const part = chunk.subarray(skipped);
      if (part.byteLength === 0) continue;
      const mayBeLast = size === undefined || reading.at === size;
      if (!mayBeLast) yield part;
      else held = options.reuseBuffers ? new Uint8Array(part) : part;
    }
    refuseLess(this.#expected, reading.at);
    if (this.#ends.some((end) => end !== reading)) throw changedMeanwhile(digest);
    checkDigest(reading.hasher.copy().digest(), digest);
    if (held !== undefined) yield held;
  }

  /** Hashes a chunk, and compares on the way what earlier readings had come to. */
  #advance(reading: Reading, chunk: Uint8Array): void {
    const from = reading.at;
    const to = from + chunk.byteLength;
    const passed = this.#ends.filter((end) => end !== reading && end.at <= to);
    for (const end of passed.toSorted((a, b) => a.at - b.at)) {
      reading.hasher.update(chunk.subarray(reading.at - from, end.at - from));
      reading.at = end.at;
      const isSame = reading.hasher.copy().digest() === end.hasher.copy().digest();
      if (!isSame) throw changedMeanwhile(this.#expected.digest);
    }
    this.#ends = this.#ends.filter((end) => !passed.includes(end));
    reading.hasher.update(chunk.subarray(reading.at - from));
    reading.at = to;
    this.#remember(to, reading.hasher);
  }

  /** One from which all that earlier readings gave, and that nothing confirmed yet, is read again. */
  #checkpointBefore(start: number): Checkpoint {
    const first = Math.min(start, ...this.#ends.map(({ at }) => at));
    const found = this.#checkpoints.findLast(({ at }) => at <= first);
    return found ?? { at: 0, hasher: digestHasher(algorithmOf(this.#expected.digest)) };
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

function changedMeanwhile(digest: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `${digest} was read twice, with other bytes each time: the data was damaged or replaced; nothing of it was kept`,
  );
}

function wrongSize(digest: string, size: number, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `${digest} should have ${size} bytes and has ${found}; nothing of it was kept`,
  );
}
