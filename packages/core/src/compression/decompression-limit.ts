import { ImageError, isImageError } from "../names/image-error.ts";

/** What a stream may decompress to, and how many times its size if that is more: images have 2 to 20 times. */
const alwaysAllowed = 1 << 30;
const maxRatio = 200;
/** What several streams may decompress to together. */
const alwaysAllowedTogether = 4 * alwaysAllowed;

/** Decompresses a stream; throws where it is damaged or cut off. */
export type Decompress<Compression extends string> = (
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
) => AsyncIterable<Uint8Array>;

/** What several streams were read and decompressed to, for a limit on all of them. */
export interface DecompressionTotal {
  read: number;
  written: number;
}

/** How much a stream may decompress to. */
export interface DecompressionLimits {
  /**
   * The most bytes that may come out of a stream. Default: 1 GiB, or 200 times what was read of it where that is more.
   */
  readonly maxSize?: number | undefined;
  /**
   * Shared by streams that belong together. Unless `maxSize` is given, 4 GiB may come out of all of them, or 200 times
   * what was read.
   */
  readonly total?: DecompressionTotal | undefined;
  /** What the stream is, for messages: `The layer sha256:…`. Without it errors of `decompress` pass through. */
  readonly what?: string | undefined;
}

/**
 * What comes out of a stream, up to a limit: a few kilobytes can decompress to more than a disk holds.
 * @throws ImageError `unsupported` beyond the limit, `invalid-manifest` for damaged data; an error of the source
 */
export async function* limitedOutput<Compression extends string>(
  bytes: AsyncIterable<Uint8Array>,
  compression: Compression,
  decompress: Decompress<Compression>,
  { maxSize, total = { read: 0, written: 0 }, what }: DecompressionLimits,
): AsyncGenerator<Uint8Array, void, undefined> {
  let sourceFailure: { readonly error: unknown } | undefined;
  const own: DecompressionTotal = { read: 0, written: 0 };
  const counted = async function* (): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of bytes) {
        own.read += chunk.byteLength;
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
      own.written += chunk.byteLength;
      total.written += chunk.byteLength;
      refuseTooMuch(own, total, compression, maxSize);
      yield chunk;
    }
  } catch (error) {
    if (what === undefined || sourceFailure?.error === error) throw error;
    throw failed(what, compression, error);
  }
}

function refuseTooMuch(
  own: DecompressionTotal,
  total: DecompressionTotal,
  compression: string,
  maxSize: number | undefined,
): void {
  const allowed = maxSize ?? Math.max(alwaysAllowed, own.read * maxRatio);
  const allowedTogether =
    maxSize === undefined ? Math.max(alwaysAllowedTogether, total.read * maxRatio) : Infinity;
  if (own.written <= allowed && total.written <= allowedTogether) return;
  const limit =
    maxSize === undefined
      ? `more than ${maxRatio} times its size comes out of it, which no image has`
      : `more than ${maxSize} bytes come out of it`;
  throw new ImageError(
    "unsupported",
    `${limit}; if it is meant so, allow it (--max-layer-size, maxLayerSize) or decompress it with ${compression} first`,
  );
}

function failed(what: string, compression: string, cause: unknown): ImageError {
  const code = isImageError(cause) ? cause.code : "invalid-manifest";
  const why = cause instanceof Error ? cause.message : String(cause);
  return new ImageError(
    code,
    `${what} is compressed with ${compression} and cannot be decompressed: ${why}`,
    { cause },
  );
}
