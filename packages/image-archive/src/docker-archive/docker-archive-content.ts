import { digestOf, manifestSizeLimit } from "@drayage/core";
import type { Digest, OperationOptions } from "@drayage/core";

import { blobPath } from "../oci-archive/tar-layout.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import { diffIDsOf } from "./docker-archive-image.ts";
import { archivedImages } from "./docker-archive.ts";
import type { ArchivedImage } from "./docker-archive.ts";

/** A config or an unpacked layer of a docker archive, and where it lies in it. */
interface ArchivedBlob {
  readonly path: string;
  readonly size: number;
}

/** What is in a docker archive. */
export interface DockerArchiveContent {
  readonly images: readonly ArchivedImage[];
  /** What another image in it could use. */
  readonly blobs: ReadonlyMap<Digest, ArchivedBlob>;
  /** Of the images that have one. */
  readonly configs: ReadonlyMap<ArchivedImage, Digest>;
}

/**
 * Takes layers for what their images say of them. Images that lack something have nothing to share, and in an archive that
 * is an OCI image layout too only what lies where that has it can be shared. Of no archive there is nothing.
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
    const config = await archive.readSmall(image.config, manifestSizeLimit, options);
    if (config === undefined) continue;
    configs.set(image, digestOf(config));
    await add(digestOf(config), image.config);
    const digests = diffIDsOf(config, `config ${image.config} of ${archive.place}`);
    for (const [at, digest] of digests.entries()) {
      const path = image.layers[at];
      if (path !== undefined && !blobs.has(digest)) await add(digest, path);
    }
  }
  return { images, blobs, configs };
}
