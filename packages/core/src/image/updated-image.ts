import type { ImageDestination } from "../contract/image-destination.ts";
import type { RawManifest } from "../contract/raw-manifest.ts";
import { conversionProblem, editManifest } from "../manifest/edit-manifest.ts";
import type {
  ManifestUpdateInformation,
  ManifestUpdateOptions,
} from "../manifest/edit-manifest.ts";
import { blobsOf, isArtifact, schema1LayerType } from "../manifest/manifest.ts";
import type { ImageManifest, Schema1Manifest } from "../manifest/manifest.ts";
import { familyOf, isSchema1MediaType, mediaTypes } from "../manifest/media-types.ts";
import { toOCIConfig } from "../manifest/oci-config.ts";
import { digestOf } from "../names/digest.ts";
import type { Digest } from "../names/digest.ts";
import { ImageError } from "../names/image-error.ts";
import { editSchema1, embeddedNameOf, needsSignature } from "../schema1/edit-schema1.ts";
import { imageOfSchema1 } from "../schema1/image-of-schema1.ts";
import { emptyLayerDigest, schema1Of } from "../schema1/schema1-of-image.ts";
import { signPayload } from "../schema1/sign-payload.ts";
import { putEmptyLayer } from "./generated-blob.ts";

/** An edited manifest, with its config if that changed. */
export interface UpdatedManifest {
  readonly raw: RawManifest;
  readonly config?: Uint8Array | undefined;
}

/** Whether an edit converts schema 1 to another type, which requires DiffIDs. */
export function needsLayerDiffIDs(mediaType: string, options: ManifestUpdateOptions): boolean {
  const { manifestMIMEType: target = mediaType } = options;
  return isSchema1MediaType(mediaType) && !isSchema1MediaType(target);
}

/** Edits or converts a manifest. @throws ImageError `impossible-copy` */
export async function updatedManifest(
  raw: RawManifest,
  manifest: ImageManifest | Schema1Manifest,
  options: ManifestUpdateOptions,
  information: ManifestUpdateInformation,
  readConfig: () => Promise<Uint8Array | undefined>,
): Promise<UpdatedManifest> {
  const target = options.manifestMIMEType ?? manifest.mediaType;
  if (manifest.kind === "schema1")
    return isSchema1MediaType(target)
      ? { raw: editedSchema1(raw, manifest, options, target) }
      : ofSchema1(manifest, options, information, target);
  if (isSchema1MediaType(target))
    return { raw: await asSchema1(manifest, options, information, await readConfig()) };
  const becomesOCI = familyOf(target) === "oci" && familyOf(manifest.mediaType) === "docker";
  if (!becomesOCI || options.config !== undefined || isArtifact(manifest))
    return { raw: editManifest(raw, options) };
  const config = await readConfig();
  if (config === undefined) return { raw: editManifest(raw, options) };
  const { bytes } = toOCIConfig(config);
  const described = { digest: digestOf(bytes), size: bytes.byteLength };
  return { raw: editManifest(raw, { ...options, config: described }), config: bytes };
}

function editedSchema1(
  raw: RawManifest,
  manifest: Schema1Manifest,
  { layerInfos, embeddedReference }: ManifestUpdateOptions,
  mediaType: string,
): RawManifest {
  const isSigned = needsSignature(raw.bytes, manifest.mediaType, mediaType);
  if (layerInfos === undefined && embeddedReference === undefined && !isSigned)
    return { ...raw, mediaType };
  if (layerInfos !== undefined) requireCount("layers", layerInfos, manifest.layers.length);
  const layers = layerInfos?.map(({ digest }) => digest);
  const embedded = embeddedNameOf(embeddedReference);
  const bytes = signPayload(editSchema1(manifest, { layers, embedded }));
  return { bytes, mediaType: mediaTypes.dockerSchema1Signed };
}

function ofSchema1(
  manifest: Schema1Manifest,
  options: ManifestUpdateOptions,
  { layerInfos, layerDiffIDs }: ManifestUpdateInformation,
  target: string,
): UpdatedManifest {
  const infos = options.layerInfos ?? layerInfos;
  const count = manifest.layers.length;
  requireCount("layers with sizes", infos, count);
  requireCount("layer DiffIDs", layerDiffIDs, count);
  const layers = manifest.layers.flatMap(({ history }, at) => {
    const [info, diffID] = [infos[at], layerDiffIDs[at]];
    if (history.isThrowaway || info === undefined || diffID === undefined) return [];
    return [{ ...info, mediaType: schema1LayerType, diffID }];
  });
  const { manifest: raw, config } = imageOfSchema1(manifest, layers, target);
  return { raw, config };
}

function requireCount<Item>(
  what: string,
  list: readonly Item[] | undefined,
  count: number,
): asserts list is readonly Item[] {
  if (list?.length === count) return;
  throw new ImageError(
    "impossible-copy",
    `An image of ${count} layers needs as many ${what}; there are ${list?.length ?? 0}`,
  );
}

async function asSchema1(
  manifest: ImageManifest,
  { layerInfos }: ManifestUpdateOptions,
  { destination }: ManifestUpdateInformation,
  config: Uint8Array | undefined,
): Promise<RawManifest> {
  const problem = conversionProblem(manifest, mediaTypes.dockerSchema1Signed);
  if (config === undefined || problem !== undefined)
    throw new ImageError(
      "impossible-copy",
      `The manifest cannot be converted: ${problem ?? "it has no config"}`,
    );
  if (layerInfos !== undefined) requireCount("layers", layerInfos, manifest.layers.length);
  const layers = manifest.layers.map(({ digest }) => digest);
  const written = layerInfos?.map(({ digest }) => digest);
  const { name = "", tag = "" } = embeddedNameOf(destination?.reference.dockerReference) ?? {};
  const payload = schema1Of({ config, layers, written, name, tag });
  if (payload.includes(emptyLayerDigest)) await putEmptyLayer(required(destination), {});
  return { bytes: signPayload(payload), mediaType: mediaTypes.dockerSchema1Signed };
}

function required(destination: ImageDestination | undefined): ImageDestination {
  if (destination !== undefined) return destination;
  throw new ImageError(
    "impossible-copy",
    "Schema 1 has an empty layer for each step that changed the config only; pass the destination, to which it is written",
  );
}

/** The total size of all blobs of an image; undefined if the size of any blob is unknown. A repeated blob counts once. */
export function sizeOfImage(manifest: ImageManifest | Schema1Manifest): number | undefined {
  const sizes = new Map<Digest, number | undefined>();
  for (const { digest, size } of blobsOf(manifest)) sizes.set(digest, size);
  let sum = 0;
  for (const size of sizes.values()) {
    if (size === undefined) return undefined;
    sum += size;
  }
  return sum;
}
