import type { Descriptor } from "../src/contract/blob-info.ts";
import type { ImageReference } from "../src/contract/image-reference.ts";
import type { RawManifest } from "../src/contract/raw-manifest.ts";
import type { Signature } from "../src/contract/signature.ts";
import { mediaTypes } from "../src/manifest/media-types.ts";
import type { Platform } from "../src/manifest/platform.ts";
import { digestOf } from "../src/names/digest.ts";
import type { Digest } from "../src/names/digest.ts";

/** The parts of an image, to write or to damage. */
export interface SampleImage {
  readonly manifest: RawManifest & { readonly digest: Digest; readonly mediaType: string };
  readonly platform?: Platform;
  readonly blobs: ReadonlyMap<Digest, Uint8Array>;
  readonly instances: readonly SampleImage[];
}

export interface SampleOptions {
  readonly layers?: readonly (string | Uint8Array)[];
  readonly layerType?: string;
  readonly manifestType?: string;
  readonly configType?: string;
  readonly platform?: Platform;
  readonly extra?: Readonly<Record<string, unknown>>;
}

export const linux: Platform = { os: "linux", architecture: "amd64" };
export const arm: Platform = { os: "linux", architecture: "arm64", variant: "v8" };

export function sampleImage(options: SampleOptions = {}): SampleImage {
  const { platform = linux, extra = {}, manifestType = mediaTypes.ociManifest } = options;
  const isDocker = manifestType === mediaTypes.dockerManifest;
  const configType =
    options.configType ?? (isDocker ? mediaTypes.dockerConfig : mediaTypes.ociConfig);
  const tarType = isDocker
    ? "application/vnd.docker.image.rootfs.diff.tar.gzip"
    : "application/vnd.oci.image.layer.v1.tar+gzip";
  const blobs = new Map<Digest, Uint8Array>();
  const add = (content: string | Uint8Array, mediaType: string): Descriptor => {
    const bytes = Buffer.from(content);
    blobs.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.byteLength };
  };
  const config = add(JSON.stringify({ ...platform, rootfs: { type: "layers" } }), configType);
  const layers = (options.layers ?? ["one", "two"]).map((layer) =>
    add(layer, options.layerType ?? tarType),
  );
  const content = { schemaVersion: 2, mediaType: manifestType, config, layers, ...extra };
  return { manifest: rawManifest(content), platform, blobs, instances: [] };
}

export function sampleIndex(
  instances: readonly SampleImage[],
  mediaType: string = mediaTypes.ociIndex,
  extra: Readonly<Record<string, unknown>> = {},
): SampleImage {
  const manifests = instances.map(({ manifest, platform }) => ({
    mediaType: manifest.mediaType,
    digest: manifest.digest,
    size: manifest.bytes.byteLength,
    ...(platform && { platform }),
  }));
  const manifest = rawManifest({ schemaVersion: 2, mediaType, manifests, ...extra });
  return { manifest, blobs: new Map(), instances };
}

export function rawManifest(content: {
  readonly mediaType: string;
  readonly [field: string]: unknown;
}): RawManifest & { readonly digest: Digest; readonly mediaType: string } {
  const bytes = Buffer.from(JSON.stringify(content, undefined, 3));
  return { bytes, mediaType: content.mediaType, digest: digestOf(bytes) };
}

/** Writes an image without core, so that damage is not detected. */
export async function write(
  image: SampleImage,
  reference: ImageReference,
  signatures: readonly Signature[] = [],
): Promise<void> {
  await using destination = await reference.newImageDestination?.();
  if (destination === undefined) throw new Error("cannot be written to");
  const parts = async ({ blobs, instances }: SampleImage): Promise<void> => {
    for (const [digest, bytes] of blobs) await destination.putBlob(once(bytes), { digest });
    for (const instance of instances) {
      await parts(instance);
      await destination.putManifest(instance.manifest, { instance: instance.manifest.digest });
    }
  };
  await parts(image);
  await destination.putManifest(image.manifest);
  if (signatures.length > 0) await destination.putSignatures?.(signatures);
  await destination.commit();
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
