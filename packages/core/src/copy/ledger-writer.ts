import type { Descriptor } from "../contract/blob-info.ts";
import type { ImageDestination } from "../contract/image-destination.ts";
import type { ImageSource } from "../contract/image-source.ts";
import type { OperationOptions } from "../contract/operation-options.ts";
import { putGenerated } from "../image/generated-blob.ts";
import { listReferrers } from "../image/referrer-links.ts";
import type { VerifiedManifest } from "../image/unparsed-image.ts";
import { mediaTypes } from "../manifest/media-types.ts";
import { digestOf } from "../names/digest.ts";
import { ImageError, isImageError } from "../names/image-error.ts";
import { conversionLedger } from "./build-ledger.ts";
import type { WrittenImage } from "./build-ledger.ts";
import { conversionLedgerType } from "./conversion-ledger.ts";
import type {
  ConversionLedger,
  ConversionLedgerOptions,
  LeftReferrer,
  WrittenLedger,
} from "./conversion-ledger.ts";
import type { CopyPlan } from "./copy-plan.ts";

/**
 * Writes the ledger of a copy as a referrer of the new image, before the image becomes visible. Writes nothing if the
 * digest did not change.
 * @throws ImageError
 */
export async function writeLedger(
  plan: CopyPlan,
  written: WrittenImage,
  source: ImageSource,
  destination: ImageDestination,
  { ledger: ledgerOptions, ...options }: OperationOptions & { ledger: ConversionLedgerOptions },
): Promise<WrittenLedger> {
  const leftBehind = await listLeftBehind(written, source, options);
  const ledger = conversionLedger(plan, written, leftBehind, ledgerOptions);
  if (ledger === undefined) return { digest: undefined, referrersLeftBehind: [] };
  reportLeftBehind(ledger, options);
  const { manifest, blobs } = referrerOf(ledger);
  try {
    for (const { blob, bytes, isConfig } of blobs)
      await putGenerated(bytes, blob, destination, { ...options, isConfig });
    await destination.putManifest(manifest, { ...options, instance: manifest.digest });
  } catch (error) {
    if (!isImageError(error) || options.signal?.aborted) throw error;
    const message = `The conversion ledger could not be written: ${error.message}; copy without conversionLedger (--conversion-ledger) if the destination stores no referrers`;
    throw new ImageError(error.code, message, { cause: error });
  }
  return { digest: manifest.digest, referrersLeftBehind: leftBehind };
}

/** Lists the referrers of all manifests that changed. A source without referrers has none. */
async function listLeftBehind(
  { manifests }: WrittenImage,
  source: ImageSource,
  options: OperationOptions,
): Promise<readonly LeftReferrer[]> {
  const links: LeftReferrer[] = [];
  for (const { change } of manifests.values())
    if (change !== undefined) links.push(...(await listReferrers(change.from, source, options)));
  return links.toSorted((a, b) =>
    `${a.subject} ${a.digest}` < `${b.subject} ${b.digest}` ? -1 : 1,
  );
}

function reportLeftBehind(
  { image, referrersLeftBehind }: ConversionLedger,
  { onNotice }: OperationOptions,
): void {
  if (referrersLeftBehind.length === 0) return;
  const names = referrersLeftBehind.map(({ digest, tag }) => tag ?? digest);
  const text = `Left behind ${names.length} referrers of the old image, which do not refer to ${image.to.digest}: ${names.join(", ")}`;
  onNotice?.({ kind: "left-out", text });
}

/** OCI image-spec, annotations.md */
const titleAnnotation = "org.opencontainers.image.title";

interface LedgerBlob {
  readonly blob: Descriptor;
  readonly bytes: Uint8Array;
  readonly isConfig: boolean;
}

/** An artifact (OCI image-spec, manifest.md, "Guidelines for Artifact Usage") with the ledger as its only blob. */
function referrerOf(ledger: ConversionLedger): {
  readonly manifest: VerifiedManifest;
  readonly blobs: readonly LedgerBlob[];
} {
  const config = blobOf("application/vnd.oci.empty.v1+json", "{}", true);
  const content = blobOf(conversionLedgerType, `${JSON.stringify(ledger, undefined, 2)}\n`, false);
  const mediaType = mediaTypes.ociManifest;
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType,
      artifactType: conversionLedgerType,
      config: config.blob,
      // `oras pull` writes only blobs with a title.
      layers: [{ ...content.blob, annotations: { [titleAnnotation]: "conversion.json" } }],
      subject: {
        mediaType: ledger.image.to.mediaType,
        digest: ledger.image.to.digest,
        size: ledger.image.to.size,
      },
    }),
  );
  return { manifest: { bytes, mediaType, digest: digestOf(bytes) }, blobs: [config, content] };
}

function blobOf(mediaType: string, text: string, isConfig: boolean): LedgerBlob {
  const bytes = Buffer.from(text);
  return { blob: { mediaType, digest: digestOf(bytes), size: bytes.byteLength }, bytes, isConfig };
}
