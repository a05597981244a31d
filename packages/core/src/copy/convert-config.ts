import { readAll, maxManifestSize } from "../content/byte-stream.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { toOCIConfig } from "../manifest/oci-config.ts";
import { algorithmOf, digestOf } from "../names/digest.ts";
import { singleLine } from "../text/printable.ts";
import type { BlobResult } from "./blob-result.ts";
import type { ExecuteOptions } from "./copy-options.ts";
import { putGenerated } from "./generated-blob.ts";
import { readBlob } from "./read-blob.ts";

/** Converts the config of a Docker image to OCI and writes it. */
export async function convertConfig(
  from: Descriptor,
  source: ImageSource,
  destination: ImageDestination,
  { onEvent, ...options }: ExecuteOptions,
): Promise<BlobResult> {
  const read = readBlob(from, source, options, onEvent);
  const { bytes, dropped } = toOCIConfig(await readAll(read.from(0), maxManifestSize));
  if (dropped.length > 0) {
    const lost = singleLine(dropped.join(", "));
    const text = `The config ${from.digest} loses ${lost}: OCI configs have no such fields`;
    options.onNotice?.({ kind: "loss", text });
  }
  const stored: Descriptor = {
    mediaType: mediaTypes.ociConfig,
    digest: digestOf(bytes, algorithmOf(from.digest)),
    size: bytes.byteLength,
  };
  const outcome = await putGenerated(bytes, stored, destination, { ...options, isConfig: true });
  return { from, outcome, stored, compression: undefined };
}
