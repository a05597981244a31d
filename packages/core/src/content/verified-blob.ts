import { algorithmOf, digestHasher } from "../names/digest.ts";
import type { Digest, DigestHasher } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";

/** The digest and size that the bytes of a stream must have. */
export interface ExpectedBytes {
  readonly digest: Digest;
  /** Bytes; undefined if unknown. */
  readonly size?: number | undefined;
}

/**
 * Yields the same bytes, and fails before the end if they do not match. Holds back the last chunk until the digest
 * matches, so a reader that reaches the end has read only verified bytes.
 * @throws ImageError `digest-mismatch`
 */
export function verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: ExpectedBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  return new VerifiedBlob(expected, () => bytes).from(0);
}

/** Compares two digests. @throws ImageError `digest-mismatch` */
export function checkDigest(found: Digest, expected: Digest): void {
  if (found === expected) return;
  throw new ImageError(
    "digest-mismatch",
    `Expected ${expected} and read ${found}: the data was damaged or replaced; it was discarded`,
  );
}

/**
 * Checks that a manifest has the size in its index. A copy does not correct a wrong size.
 * @throws ImageError `digest-mismatch`
 */
export function checkSize(digest: Digest, found: number, expected: number | undefined): void {
  if (expected === undefined || found === expected) return;
  throw new ImageError(
    "digest-mismatch",
    `The manifest ${digest} has ${found} bytes, but its index specifies ${expected}: the index is wrong; rebuild it`,
  );
}

/** A position in a blob, and the hash of all bytes before it. */
interface Checkpoint {
  readonly position: number;
  readonly hasher: DigestHasher;
}

/** The progress of one reading. */
interface Reading {
  position: number;
  readonly hasher: DigestHasher;
}

/** Options of one reading. */
export interface ReadingOptions {
  /** Whether the source may overwrite a chunk once the next one is requested. */
  readonly reuseBuffers?: boolean;
}

/** Opens a blob at a position. */
export type OpenAt = (start: number, options: ReadingOptions) => AsyncIterable<Uint8Array>;

const checkpointDistance = 8 << 20;

/**
 * A blob that can be read from the start and, after an interruption, again from any position that was reached. Each
 * reading fails before its end unless all bytes match the digest.
 */
export class VerifiedBlob {
  readonly #expected: ExpectedBytes;
  readonly #open: OpenAt;
  /** Called with the number of bytes that were read for the first time. */
  readonly #onProgress: (bytes: number) => void;
  readonly #checkpoints: Checkpoint[] = [];
  /** Readings without a verified digest. A later reading must find the same bytes up to their positions. */
  #unconfirmed: readonly Reading[] = [];
  #maxPosition = 0;

  constructor(
    expected: ExpectedBytes,
    open: OpenAt,
    onProgress: (bytes: number) => void = () => {},
  ) {
    this.#expected = expected;
    this.#open = open;
    this.#onProgress = onProgress;
  }

  /**
   * Reads from `start`, which an earlier reading must have reached. Holds back the last chunk until the digest matches,
   * and compares the bytes with those of earlier readings. So a reader that reaches the end, in any number of readings,
   * has read only verified bytes.
   * @throws ImageError `digest-mismatch`
   */
  async *from(
    start: number,
    options: ReadingOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    if (start > this.#maxPosition) throw new RangeError(`Not read: ${start}`);
    const { position, hasher } = this.#checkpointBefore(start);
    const reading = { position, hasher: hasher.copy() };
    // Registered before it starts, because a reader may stop at any time.
    this.#unconfirmed = [...this.#unconfirmed, reading];
    yield* this.#read(reading, start, options);
    this.#unconfirmed = [];
  }

  async *#read(
    reading: Reading,
    start: number,
    options: ReadingOptions,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { digest, size } = this.#expected;
    let pending: Uint8Array | undefined;
    for await (const chunk of this.#open(reading.position, options)) {
      // An empty chunk does not show whether more bytes follow.
      if (chunk.byteLength === 0) continue;
      const skipped = Math.min(Math.max(start - reading.position, 0), chunk.byteLength);
      rejectExcess(this.#expected, reading.position + chunk.byteLength);
      this.#advance(reading, chunk);
      if (pending !== undefined) yield pending;
      pending = undefined;
      const part = chunk.subarray(skipped);
      if (part.byteLength === 0) continue;
      const mayBeLast = size === undefined || reading.position === size;
      if (!mayBeLast) yield part;
      else pending = options.reuseBuffers ? new Uint8Array(part) : part;
    }
    rejectShortfall(this.#expected, reading.position);
    if (this.#unconfirmed.some((end) => end !== reading)) throw inconsistentReads(digest);
    checkDigest(reading.hasher.copy().digest(), digest);
    if (pending !== undefined) yield pending;
  }

  /** Hashes a chunk, and compares the hash at the positions of earlier readings. */
  #advance(reading: Reading, chunk: Uint8Array): void {
    const from = reading.position;
    const to = from + chunk.byteLength;
    const passed = this.#unconfirmed.filter((end) => end !== reading && end.position <= to);
    for (const end of passed.toSorted((a, b) => a.position - b.position)) {
      reading.hasher.update(chunk.subarray(reading.position - from, end.position - from));
      reading.position = end.position;
      const isSame = reading.hasher.copy().digest() === end.hasher.copy().digest();
      if (!isSame) throw inconsistentReads(this.#expected.digest);
    }
    this.#unconfirmed = this.#unconfirmed.filter((end) => !passed.includes(end));
    reading.hasher.update(chunk.subarray(reading.position - from));
    reading.position = to;
    this.#recordProgress(to, reading.hasher);
  }

  /** The last checkpoint before `start` and before the positions of all unconfirmed readings. */
  #checkpointBefore(start: number): Checkpoint {
    const first = Math.min(start, ...this.#unconfirmed.map(({ position }) => position));
    const found = this.#checkpoints.findLast(({ position }) => position <= first);
    return found ?? { position: 0, hasher: digestHasher(algorithmOf(this.#expected.digest)) };
  }

  #recordProgress(position: number, hasher: DigestHasher): void {
    if (position > this.#maxPosition) {
      this.#onProgress(position - this.#maxPosition);
      this.#maxPosition = position;
    }
    const last = this.#checkpoints.at(-1)?.position ?? 0;
    if (position - last >= checkpointDistance)
      this.#checkpoints.push({ position, hasher: hasher.copy() });
  }
}

function rejectExcess({ digest, size }: ExpectedBytes, position: number): void {
  if (size !== undefined && position > size) throw sizeMismatch(digest, size, "more");
}

function rejectShortfall({ digest, size }: ExpectedBytes, position: number): void {
  if (size !== undefined && position < size) throw sizeMismatch(digest, size, `only ${position}`);
}

function inconsistentReads(digest: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `${digest} was read twice with different bytes: the data was damaged or replaced; it was discarded`,
  );
}

function sizeMismatch(digest: string, size: number, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `${digest} should have ${size} bytes and has ${found}; it was discarded`,
  );
}
