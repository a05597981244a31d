import { sliced } from "../content/byte-stream.ts";
import { VerifiedBlob } from "../content/verified-blob.ts";
import type { OpenAt } from "../content/verified-blob.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { GetBlobOptions, ImageSource } from "../contract/image-source.ts";
import type { CopyOptions } from "./copy-options.ts";

/** A blob of the source, verified as it is read; each byte that is read for the first time is reported. */
export function readBlob(
  blob: Descriptor,
  source: ImageSource,
  options: GetBlobOptions,
  onEvent: CopyOptions["onEvent"],
): VerifiedBlob {
  return new VerifiedBlob(blob, readerOf(source, blob, options), (bytes) =>
    onEvent?.({ kind: "blob-progress", digest: blob.digest, bytes }),
  );
}

function readerOf(source: ImageSource, blob: Descriptor, options: GetBlobOptions): OpenAt {
  return (start, reading) => {
    const how = { ...options, ...reading };
    if (start === 0) return source.getBlob(blob, how);
    if (source.offers.ranges) return source.getBlob(blob, { ...how, range: { start } });
    return sliced(source.getBlob(blob, how), { start });
  };
}
