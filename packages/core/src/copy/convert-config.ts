import { readAll, maxManifestSize } from "../content/byte-stream.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import { putGenerated } from "../image/generated-blob.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { toOCIConfig } from "../manifest/oci-config.ts";
import { algorithmOf, digestOf } from "../names/digest.ts";
import { singleLine } from "../text/printable.ts";
import type { BlobResult } from "./blob-result.ts";
import type { ExecuteOptions } from "./copy-options.ts";
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
  reportDropped(`The config ${from.digest}`, dropped, options);
  const stored: Descriptor = {
    mediaType: mediaTypes.ociConfig,
    digest: digestOf(bytes, options.digestAlgorithm ?? algorithmOf(from.digest)),
    size: bytes.byteLength,
  };
  const outcome = await putGenerated(bytes, stored, destination, { ...options, isConfig: true });
  return { from, outcome, stored, compression: undefined };
}

/** Reports the settings that a conversion to OCI drops. `config` names the config in the message. */
export function reportDropped(
  config: string,
  dropped: readonly string[],
  { onNotice }: ExecuteOptions,
): void {
  if (dropped.length === 0) return;
  const lost = singleLine(dropped.join(", "));
  onNotice?.({ kind: "loss", text: `${config} loses ${lost}: OCI configs have no such fields` });
}
