import { algorithmOf, digestHasher } from "./digest.ts";
import type { Digest } from "./digest.ts";
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
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: ExpectedBytes,
): AsyncGenerator<Uint8Array, void, undefined> {
  const hasher = digestHasher(algorithmOf(expected.digest));
  let seen = 0;
  let held: Uint8Array | undefined;
  for await (const chunk of bytes) {
    seen += chunk.byteLength;
    if (expected.size !== undefined && seen > expected.size) throw wrongSize(expected, "more");
    hasher.update(chunk);
    if (held !== undefined) yield held;
    held = chunk;
  }
  if (expected.size !== undefined && seen < expected.size)
    throw wrongSize(expected, `only ${seen}`);
  checkDigest(hasher.digest(), expected.digest);
  if (held !== undefined) yield held;
}

/** @throws ImageError `digest-mismatch` */
export function checkDigest(found: Digest, expected: Digest): void {
  if (found === expected) return;
  throw new ImageError(
    "digest-mismatch",
    `Expected ${expected} and read ${found}: the data was damaged or replaced; nothing of it was kept`,
  );
}

/** The same bytes; `count` is told the length of each chunk that passes. */
export async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  count: (length: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of bytes) {
    count(chunk.byteLength);
    yield chunk;
  }
}

/** A stream of what is in memory already. */
export async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  yield bytes;
}

/** Everything as one array, for what is small by its nature. @throws ImageError `invalid-manifest` above `limit` bytes */
export async function gathered(
  bytes: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of bytes) {
    size += chunk.byteLength;
    if (size > limit) {
      throw new ImageError(
        "invalid-manifest",
        `Larger than the ${limit} bytes that are allowed here`,
      );
    }
    chunks.push(chunk);
  }
  return chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
}

/** The most that a manifest, an index or a config may have: 4 MiB. */
export const manifestSizeLimit: number = 4 * 1024 * 1024;

function wrongSize(expected: ExpectedBytes, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `${expected.digest} should have ${expected.size} bytes and has ${found}; nothing of it was kept`,
  );
}
