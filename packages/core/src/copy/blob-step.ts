import type { Descriptor } from "../blob-info.ts";
import { layerCompressionOf, withLayerCompression } from "../manifest/layer-media-types.ts";
import type { CopyFacts } from "./copy-facts.ts";
import type { BlobStep, BlobTransform, ReuseCandidate } from "./copy-plan.ts";
import type { RememberedBlob } from "./recall-blobs.ts";

/** What its type will be: an unpacked layer fits where a packed one would not. */
export function typedAs(layer: Descriptor, transform: BlobTransform): Descriptor {
  if (transform !== "decompress") return layer;
  return { ...layer, mediaType: withLayerCompression(layer.mediaType, "none") ?? layer.mediaType };
}

/** What is done with a blob of which the destination wants this, if it is a layer. */
export function blobStep(
  blob: Descriptor,
  wanted: BlobTransform,
  remembered: CopyFacts["remembered"],
): BlobStep {
  const packed = layerCompressionOf(blob.mediaType);
  const transform = packed === undefined ? "preserve" : wanted;
  const forms = transform === "compress" ? packedForms(blob, remembered) : [];
  const changes =
    (transform === "compress" && (packed === "none" || forms.length > 0)) ||
    (transform === "decompress" && packed !== "none");
  return {
    kind: "blob",
    blob,
    isConfig: false,
    transform,
    digest: changes ? undefined : blob.digest,
    // What is to be repacked is of no use as it is.
    candidates: changes ? forms : located({ blob, packedAs: undefined }, remembered),
    because: changes ? becauseOf(transform, forms) : "the image needs it",
  };
}

/** Whatever the manifest calls the layer, what is known to have been packed is not packed. */
function packedForms(
  blob: Descriptor,
  remembered: CopyFacts["remembered"],
): readonly ReuseCandidate[] {
  const forms = remembered?.get(blob.digest)?.packed ?? [];
  return forms
    .filter(({ compression }) => compression === "gzip")
    .flatMap(({ digest, size, compression }) => {
      const mediaType = withLayerCompression(blob.mediaType, compression) ?? blob.mediaType;
      const form = { ...blob, digest, size, mediaType };
      return located({ blob: form, packedAs: compression }, remembered);
    });
}

/** Where it was seen already it is asked for first: somewhere else it has to be made ours. */
function located(
  candidate: ReuseCandidate,
  remembered: CopyFacts["remembered"],
): readonly ReuseCandidate[] {
  const { wasHere, elsewhere }: Partial<RememberedBlob> =
    remembered?.get(candidate.blob.digest) ?? {};
  const [nearby] = elsewhere ?? [];
  if (nearby === undefined) return [candidate];
  const taken = { ...candidate, location: nearby };
  return wasHere ? [candidate, taken] : [taken];
}

function becauseOf(transform: BlobTransform, forms: readonly ReuseCandidate[]): string {
  const wish = `the destination wants layers ${transform}ed`;
  const [form] = forms;
  return form === undefined ? wish : `${wish}; unless it has ${form.blob.digest}, which is that`;
}
