import type { Descriptor } from "../blob-info.ts";
import { gathered, inOne, manifestSizeLimit } from "../byte-stream.ts";
import { algorithmOf, digestOf } from "../digest.ts";
import type { ImageDestination } from "../image-destination.ts";
import type { ImageSource } from "../image-source.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { ociConfigOf } from "../manifest/oci-config.ts";
import { messageLine } from "../printable.ts";
import { checkDigest } from "../verified-blob.ts";
import type { ExecuteOptions } from "./execute-copy.ts";
import type { MovedBlob } from "./move-blob.ts";
import { readBlob } from "./read-blob.ts";

/** Brings the config of a Docker image to the destination in the form of OCI. */
export async function convertConfig(
  from: Descriptor,
  source: ImageSource,
  destination: ImageDestination,
  { onEvent, ...options }: ExecuteOptions,
): Promise<MovedBlob> {
  const read = readBlob(from, source, options, onEvent);
  const { bytes, dropped } = ociConfigOf(await gathered(read.from(0), manifestSizeLimit));
  if (dropped.length > 0) {
    const lost = messageLine(dropped.join(", "));
    const text = `The config ${from.digest} loses ${lost}: OCI's form has no field for that`;
    options.onNotice?.({ kind: "loss", text });
  }
  const stored: Descriptor = {
    mediaType: mediaTypes.ociConfig,
    digest: digestOf(bytes, algorithmOf(from.digest)),
    size: bytes.byteLength,
  };
  const isThere = (await destination.tryReusingBlob(stored, options)) !== undefined;
  if (!isThere) {
    const reread = (start: number): AsyncIterable<Uint8Array> => inOne(bytes.subarray(start));
    const how = { ...options, isConfig: true, reread };
    const put = await destination.putBlob(inOne(bytes), stored, how);
    checkDigest(put.digest, stored.digest);
  }
  return { from, outcome: isThere ? "reused" : "copied", stored, packedAs: undefined };
}
