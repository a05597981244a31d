import {
  compressionOf,
  configShape,
  digestOf,
  gathered,
  isDigest,
  isJSONObject,
  manifestSizeLimit,
  mediaTypes,
  parseJSONObject,
} from "@drayage/core";
import type { Compression, Digest, OperationOptions, RawManifest } from "@drayage/core";

import { unpacked } from "../access/unpacked.ts";
import { brokenArchive, cannotUnpack } from "../tar/broken-archive.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import { shown } from "../tar/tar-header.ts";
import type { TarMember } from "../tar/tar-member.ts";
import type { ArchivedImage } from "./docker-archive.ts";

/** A layer as it lies in a docker archive. */
interface StoredLayer {
  /** Bytes of the layer unpacked. */
  readonly size: number;
  readonly member: TarMember;
  readonly compression: Compression;
}

/** A layer in a docker archive. */
export interface ArchivedLayer extends StoredLayer {
  /** Of the layer unpacked. */
  readonly digest: Digest;
}

/** All that an image of a docker archive has. */
export interface ArchivedParts {
  readonly config: Uint8Array;
  /** The root first. */
  readonly layers: readonly ArchivedLayer[];
}

/** Layers that were looked at, for the next image of the same archive. */
export type KnownLayers = Map<TarMember, StoredLayer>;

/** Reads the config and finds the layers; of one that is packed the size is only known once it was read. @throws ImageError */
export async function partsOf(
  archive: TarArchive,
  image: ArchivedImage,
  options: OperationOptions = {},
  known: KnownLayers = new Map(),
): Promise<ArchivedParts> {
  const config = await archive.readSmall(image.config, manifestSizeLimit, options);
  if (config === undefined) throw missing(archive, image.config);
  const digests = diffIDsOf(config, `config ${image.config} of ${archive.place}`);
  if (digests.length !== image.layers.length) {
    const why = `${shown(image.config)} tells of ${digests.length} layers, and manifest.json of ${image.layers.length}`;
    throw brokenArchive(archive.place, why);
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

/** The digests of an image's layers unpacked, the root first (OCI image-spec, config.md). @throws ImageError `invalid-manifest` */
export function diffIDsOf(config: Uint8Array, what: string): readonly Digest[] {
  const { rootfs } = parseJSONObject(what, config, configShape).value;
  const digests = (isJSONObject(rootfs) ? rootfs["diff_ids"] : undefined) ?? [];
  if (Array.isArray(digests) && digests.every(isDigest)) return digests;
  throw brokenArchive(what, "its diff_ids are no list of digests");
}

/**
 * The manifest that containers/image makes up for a docker archive, to the byte, whatever program reads it: layers by
 * the digests that they have unpacked, and nevertheless called gzip.
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
  const start = archive.read(member, { ...options, range: { start: 0, end: longestMagic - 1 } });
  const compression = compressionOf(await gathered(start, longestMagic));
  if (compression === "none") return { size: member.size, member, compression };
  const content = unpacked(archive.read(member, options), compression);
  try {
    return { size: await lengthOf(content), member, compression };
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw cannotUnpack(`${archive.place}, layer ${shown(member.path)}`, compression, cause);
  }
}

const longestMagic = 6;

async function lengthOf(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of bytes) length += chunk.byteLength;
  return length;
}

function missing({ place }: TarArchive, name: string): Error {
  return brokenArchive(place, `${shown(name)} is named in its manifest.json and is not in it`);
}
