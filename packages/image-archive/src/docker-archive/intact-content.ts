import type { NamedReference, OperationOptions, RawManifest } from "@drayage/core";
import { maxManifestSize } from "@drayage/core/content";
import type { ImageManifest } from "@drayage/core/manifest";
import { formatNamedReference } from "@drayage/core/reference";
import type { StoredBlob } from "@drayage/image-layout";

import { hasBytesOf } from "../access/has-bytes-of.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import type { DockerArchiveContent } from "./docker-archive-content.ts";
import { diffIDsOf, manifestOf } from "./docker-archive-image.ts";

/** An existing docker archive and its content. */
export interface ExistingArchive {
  /** Undefined if there is no archive; the content is empty then. */
  readonly archive: TarArchive | undefined;
  readonly content: DockerArchiveContent;
}

/** Finds an image with the same config, all names, and intact layers. Returns the manifest that readers generate for it. */
export async function findSameImage(
  { archive, content }: ExistingArchive,
  { config }: ImageManifest,
  names: readonly NamedReference[],
  options: OperationOptions,
): Promise<RawManifest | undefined> {
  const { images, blobs, configs } = content;
  const image = images.find((candidate) => configs.get(candidate) === config.digest);
  const isNamed =
    names.length === 0
      ? images.length === 1 && image?.tags.length === 0
      : names.every((name) => image?.tags.includes(formatNamedReference(name)));
  if (archive === undefined || image === undefined || !isNamed) return undefined;
  const bytes = await archive.readSmall(image.config, maxManifestSize, options);
  if (bytes === undefined) return undefined;
  const layers: StoredBlob[] = [];
  for (const digest of diffIDsOf(bytes, `config ${config.digest}`)) {
    const size = blobs.get(digest)?.size;
    if (size === undefined) return undefined;
    if (!(await hasIntactBlob({ archive, content }, { digest, size }, options))) return undefined;
    layers.push({ digest, size });
  }
  return layers.length === image.layers.length ? manifestOf(bytes, layers) : undefined;
}

/** Whether a blob is stored with its bytes; an archive may hold other content than the config describes. */
export async function hasIntactBlob(
  { archive, content }: ExistingArchive,
  blob: StoredBlob,
  options: OperationOptions,
): Promise<boolean> {
  const found = content.blobs.get(blob.digest);
  if (found?.size !== blob.size || archive === undefined) return false;
  const member = await archive.find(found.path, options);
  return member !== undefined && hasBytesOf(archive.read(member, options), blob);
}
