import { readAll } from "../content/byte-stream.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";

/**
 * How many bytes will probably come out of a blob that is packed with gzip: it ends with their number, unless there are
 * more than 4 GiB or several files were joined. Read from local sources only; from others it would cost a request.
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

/** Who packs layers gets less; what is false should not make anybody reserve gigabytes for it. */
const maxRatio = 32;
