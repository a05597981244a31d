import { digestOf } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";

import { blobPath } from "../oci-archive/tar-layout.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import { diffIDsOf } from "./docker-archive-image.ts";
import { archivedImages } from "./docker-archive.ts";
import type { ArchivedImage } from "./docker-archive.ts";

/** A config or an uncompressed layer of a docker archive. */
interface ArchivedBlob {
  readonly path: string;
  readonly size: number;
}

/** The content of a docker archive. */
export interface DockerArchiveContent {
  readonly images: readonly ArchivedImage[];
  /** Blobs that another image in the archive can share. */
  readonly blobs: ReadonlyMap<Digest, ArchivedBlob>;
  /** The config digests of complete images. */
  readonly configs: ReadonlyMap<ArchivedImage, Digest>;
}

/**
 * Lists the images and shareable blobs of an archive; empty if there is no archive. Layers are identified by the
 * `diff_ids` of their image and are not verified. Incomplete images share nothing. In an archive that is also an OCI
 * image layout, only blobs at their layout path are shared.
 * @throws ImageError `unsupported`, `invalid-manifest`
 */
export async function contentOf(
  archive: TarArchive | undefined,
  options: OperationOptions = {},
): Promise<DockerArchiveContent> {
  if (archive === undefined) return { images: [], blobs: new Map(), configs: new Map() };
  const images = await archivedImages(archive, options);
  const blobs = new Map<Digest, ArchivedBlob>();
  const configs = new Map<ArchivedImage, Digest>();
  const isLayout = (await archive.find("index.json", options)) !== undefined;
  const add = async (digest: Digest, path: string): Promise<void> => {
    if (isLayout && path !== blobPath(digest)) return;
    const member = await archive.find(path, options);
    if (member !== undefined) blobs.set(digest, { path, size: member.size });
  };
  for (const image of images) {
    const config = await archive.readSmall(image.config, maxManifestSize, options);
    if (config === undefined) continue;
    configs.set(image, digestOf(config));
    await add(digestOf(config), image.config);
    const digests = diffIDsOf(config, `config ${image.config} of ${archive.location}`);
    for (const [at, digest] of digests.entries()) {
      const path = image.layers[at];
      if (path !== undefined && !blobs.has(digest)) await add(digest, path);
    }
  }
  return { images, blobs, configs };
}
