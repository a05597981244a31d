import { sliced } from "../content/byte-stream.ts";
import { VerifiedBlob } from "../content/verified-blob.ts";
import type { OpenAt } from "../content/verified-blob.ts";
import type { Descriptor } from "../contract/blob-info.ts";
import type { GetBlobOptions, ImageSource } from "../contract/image-source.ts";
import type { CopyOptions } from "./copy-options.ts";

/** Opens a blob of the source, which is verified while it is read. Reports each byte once. */
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
    const readOptions = { ...options, ...reading };
    if (start === 0) return source.getBlob(blob, readOptions);
    if (source.offers.ranges) return source.getBlob(blob, { ...readOptions, range: { start } });
    return sliced(source.getBlob(blob, readOptions), { start });
  };
}
