import { digestOf, isDigest, mediaTypes } from "@drayage/core";
import type { Digest, OperationOptions, RawManifest } from "@drayage/core";
import { compressionOf, readAll, maxManifestSize } from "@drayage/core/content";
import type { Compression } from "@drayage/core/content";
import { isJSONObject, parseJSONObject } from "@drayage/core/json";
import { configShape } from "@drayage/core/manifest";

import { decompressedBytes } from "../access/decompressed-bytes.ts";
import { brokenArchive, cannotDecompress } from "../tar/broken-archive.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import { quoted } from "../tar/tar-header.ts";
import type { TarMember } from "../tar/tar-member.ts";
import type { ArchivedImage } from "./docker-archive.ts";

/** A stored layer of a docker archive. */
interface StoredLayer {
  /** The uncompressed size in bytes. */
  readonly size: number;
  readonly member: TarMember;
  readonly compression: Compression;
}

/** A layer of an image in a docker archive. */
export interface ArchivedLayer extends StoredLayer {
  /** The digest of the uncompressed layer. */
  readonly digest: Digest;
}

/** The config and layers of an image in a docker archive. */
export interface ArchivedParts {
  readonly config: Uint8Array;
  /** Base layer first. */
  readonly layers: readonly ArchivedLayer[];
}

/** Layers by member, shared between the images of an archive. */
export type LayerCache = Map<TarMember, StoredLayer>;

/**
 * Reads the config and finds the layers. Reads compressed layers to compute their uncompressed size. @throws
 * ImageError
 */
export async function partsOf(
  archive: TarArchive,
  image: ArchivedImage,
  options: OperationOptions = {},
  known: LayerCache = new Map(),
): Promise<ArchivedParts> {
  const config = await archive.readSmall(image.config, maxManifestSize, options);
  if (config === undefined) throw missing(archive, image.config);
  const digests = diffIDsOf(config, `config ${image.config} of ${archive.location}`);
  if (digests.length !== image.layers.length) {
    const why = `${quoted(image.config)} lists ${digests.length} layers, and manifest.json lists ${image.layers.length}`;
    throw brokenArchive(archive.location, why);
  }
  const layers: ArchivedLayer[] = [];
  for (const [at, digest] of digests.entries()) {
    const name = image.layers[at] ?? "";
    const member = await archive.find(name, options);
    if (member === undefined) throw missing(archive, name);
    const stored = known.get(member) ?? (await storedLayer(archive, member, options));
    known.set(member, stored);
    layers.push({ digest, ...stored });
  }
  return { config, layers };
}

/**
 * The digests of the uncompressed layers, base layer first (OCI image-spec, config.md). @throws ImageError
 * `invalid-manifest`
 */
export function diffIDsOf(config: Uint8Array, what: string): readonly Digest[] {
  const { rootfs } = parseJSONObject(what, config, configShape).value;
  const digests = (isJSONObject(rootfs) ? rootfs["diff_ids"] : undefined) ?? [];
  if (Array.isArray(digests) && digests.every(isDigest)) return digests;
  throw brokenArchive(what, "its diff_ids are not a list of digests");
}

/**
 * The manifest that containers/image generates for a docker archive, byte for byte. Layers have their uncompressed
 * digests and nevertheless the media type for gzip.
 */
export function manifestOf(
  config: Uint8Array,
  layers: readonly Pick<ArchivedLayer, "digest" | "size">[],
): RawManifest & { readonly digest: Digest } {
  const mediaType = mediaTypes.dockerManifest;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: {
      mediaType: mediaTypes.dockerConfig,
      size: config.byteLength,
      digest: digestOf(config),
    },
    layers: layers.map(({ digest, size }) => ({
      mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
      size,
      digest,
    })),
  };
  const bytes = Buffer.from(JSON.stringify(manifest));
  return { bytes, digest: digestOf(bytes), mediaType };
}

async function storedLayer(
  archive: TarArchive,
  member: TarMember,
  options: OperationOptions,
): Promise<StoredLayer> {
  const start = archive.read(member, { ...options, range: { start: 0, end: maxMagicLength - 1 } });
  const compression = compressionOf(await readAll(start, maxMagicLength));
  if (compression === "none") return { size: member.size, member, compression };
  const content = decompressedBytes(archive.read(member, options), compression);
  try {
    return { size: await lengthOf(content), member, compression };
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw cannotDecompress(`${archive.location}, layer ${quoted(member.path)}`, compression, cause);
  }
}

const maxMagicLength = 6;

async function lengthOf(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of bytes) length += chunk.byteLength;
  return length;
}

function missing({ location }: TarArchive, name: string): Error {
  return brokenArchive(
    location,
    `${quoted(name)} is listed in its manifest.json and missing; save the image again`,
  );
}
