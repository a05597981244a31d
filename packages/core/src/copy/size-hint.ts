import { readAll } from "../content/byte-stream.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";

/**
 * The probable uncompressed size of a gzip blob, from its last four bytes (RFC 1952, ISIZE). It is wrong above 4 GiB and
 * for several members. Returns undefined if it is implausible, or if the source is not local and reading costs a request.
 */
export async function sizeHintOf(
  blob: Descriptor,
  source: ImageSource,
  options: OperationOptions,
): Promise<number | undefined> {
  if (!source.offers.ranges || source.offers.isLocal !== true) return undefined;
  const range = { start: Math.max(blob.size - 4, 0) };
  const end = await readAll(source.getBlob(blob, { ...options, range }), 4);
  if (end.byteLength < 4) return undefined;
  const size = Buffer.from(end).readUInt32LE();
  return size < blob.size || size > blob.size * maxRatio ? undefined : size;
}

/** Larger ratios are implausible for layers, and a destination should not reserve memory for them. */
const maxRatio = 32;
