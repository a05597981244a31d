import { ImageError, isImageError } from "../names/image-error.ts";

/** A stream may decompress to `minLimit` bytes, or to `maxRatio` times its size if that is more. Layers have a ratio of 2 to 20. */
const minLimit = 1 << 30;
const maxRatio = 200;
/** The same limit for several streams together. */
const minTotalLimit = 4 * minLimit;

/** Decompresses a stream. Throws if it is damaged or truncated. */
export type Decompress<Compression extends string> = (
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
) => AsyncIterable<Uint8Array>;

/** The bytes read from several streams and the bytes they decompressed to, for a common limit. */
export interface DecompressionTotal {
  read: number;
  written: number;
}

/** Limits on the output of decompression. */
export interface DecompressionLimits {
  /** The maximum output of a stream in bytes. Default: 1 GiB, or 200 times the bytes read if that is more. */
  readonly maxSize?: number | undefined;
  /** Shared by related streams. Without `maxSize`, their total output is limited to 4 GiB or 200 times the bytes read. */
  readonly total?: DecompressionTotal | undefined;
  /** Names the stream in messages: `The layer sha256:…`. Without it, errors of `decompress` are not wrapped. */
  readonly what?: string | undefined;
}

/**
 * Decompresses a stream up to a limit, because a few kilobytes can decompress to more than a disk holds.
 * @throws ImageError `unsupported` beyond the limit, `invalid-manifest` for damaged data; errors of the source
 */
export async function* limitedOutput<Compression extends string>(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  decompress: Decompress<Compression>,
  { maxSize, total = { read: 0, written: 0 }, what }: DecompressionLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sourceFailure: { readonly error: unknown } | undefined;
  const stream: DecompressionTotal = { read: 0, written: 0 };
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of bytes) {
        stream.read += chunk.byteLength;
        total.read += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      sourceFailure = { error };
      throw error;
    }
  };
  try {
    for await (const chunk of decompress(counted(), compression)) {
      stream.written += chunk.byteLength;
      total.written += chunk.byteLength;
      checkLimits(stream, total, compression, maxSize);
      yield chunk;
    }
  } catch (error) {
    if (what === undefined || sourceFailure?.error === error) throw error;
    throw decompressionFailure(what, compression, error);
  }
}

function checkLimits(
  stream: DecompressionTotal,
  total: DecompressionTotal,
  compression: string,
  maxSize: number | undefined,
): void {
  const maxOutput = maxSize ?? Math.max(minLimit, stream.read * maxRatio);
  const maxTotal =
    maxSize === undefined ? Math.max(minTotalLimit, total.read * maxRatio) : Infinity;
  if (stream.written <= maxOutput && total.written <= maxTotal) return;
  const limit =
    maxSize === undefined
      ? `it decompresses to more than ${maxRatio} times its size, which is unusual for an image`
      : `it decompresses to more than ${maxSize} bytes`;
  throw new ImageError(
    "unsupported",
    `${limit}; if this is intended, raise the limit (--max-layer-size, maxLayerSize) or decompress it with ${compression} first`,
  );
}

function decompressionFailure(what: string, compression: string, cause: unknown): ImageError {
  const code = isImageError(cause) ? cause.code : "invalid-manifest";
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ImageError(
    code,
    `${what} is compressed with ${compression} and cannot be decompressed: ${why}`,
    { cause },
  );
}
