import { ImageError } from "@drayage/core";
import type { ImageListing, ImageReference, ImageSource, OperationOptions } from "@drayage/core";
import { formatSelector, imageNamesIn, LayoutSource, parseSelector } from "@drayage/image-layout";
import type { ImageSelector } from "@drayage/image-layout";

import { TarLayout } from "../oci-archive/tar-layout.ts";
import type { TarArchive } from "../tar/tar-archive.ts";
import {
  formatDockerArchiveSelector,
  parseDockerArchiveSelector,
} from "./docker-archive-selector.ts";
import type { DockerArchiveSelector } from "./docker-archive-selector.ts";
import { DockerArchiveSource } from "./docker-archive-source.ts";
import { dockerImageNamesIn, dockerManifestName } from "./docker-archive.ts";

/**
 * Opens an image of a docker archive or an OCI image layout. An archive that is both is read as a docker archive.
 * Closes the archive. `image` is a name or `@N` in the format of the archive; undefined selects the single image.
 * @throws ImageError `not-found` with the list of images; `invalid-reference`, `unsupported`, `invalid-manifest`
 */
export async function openArchivedImage(
  reference: ImageReference,
  archive: TarArchive,
  image: string | undefined,
  options: OperationOptions = {},
): Promise<ImageSource> {
  const selected = await selectedIn(archive, image, options);
  return selected.kind === "layout"
    ? LayoutSource.open(reference, new TarLayout(archive), selected.selector, options)
    : DockerArchiveSource.open(reference, archive, selected.selector, options);
}

/**
 * As `ImageReference.listImages`, for an archive of either format. `referenceTo` returns a reference to an image by its
 * name or `@N`. Closing the result closes the archive. @throws ImageError as `openArchivedImage`
 */
export async function listArchivedImages(
  reference: ImageReference,
  archive: TarArchive,
  referenceTo: (image: string) => ImageReference,
  options: OperationOptions = {},
): Promise<ImageListing> {
  const isLayout = await closedOnError(archive, async () => isLayoutOnly(archive, options));
  if (isLayout) {
    const toImage = (selector: ImageSelector): ImageReference =>
      referenceTo(formatSelector(selector));
    return LayoutSource.list(reference, new TarLayout(archive), toImage, options);
  }
  const toImage = (selector: DockerArchiveSelector): ImageReference =>
    referenceTo(formatDockerArchiveSelector(selector) ?? "");
  return DockerArchiveSource.list(archive, toImage, options);
}

/**
 * The names of all images in an archive of either format; `@N` for images without a name. The reference is for
 * messages. @throws ImageError as `openArchivedImage`
 */
export async function archivedImageNames(
  reference: ImageReference,
  archive: TarArchive,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  return (await isLayoutOnly(archive, options))
    ? imageNamesIn(reference, new TarLayout(archive), options)
    : dockerImageNamesIn(archive, options);
}

/** @throws ImageError `invalid-reference` if the name is invalid in both formats */
export function checkArchivedImage(image: string): void {
  if (image === "")
    throw new ImageError("invalid-reference", "After the colon write the name of an image, or @N");
  try {
    parseSelector(image);
  } catch {
    parseDockerArchiveSelector(image);
  }
}

type Selected =
  | { readonly kind: "layout"; readonly selector: ImageSelector }
  | { readonly kind: "docker"; readonly selector: DockerArchiveSelector };

async function selectedIn(
  archive: TarArchive,
  image: string | undefined,
  options: OperationOptions,
): Promise<Selected> {
  return closedOnError(archive, async () =>
    (await isLayoutOnly(archive, options))
      ? { kind: "layout", selector: parseSelector(image ?? "") }
      : { kind: "docker", selector: parseDockerArchiveSelector(image) },
  );
}

async function closedOnError<Result>(
  archive: TarArchive,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Whether an archive is an OCI image layout and not a docker archive. An archive with a `manifest.json` was written
 * for docker; layout readers find the same image in it.
 */
async function isLayoutOnly(archive: TarArchive, options: OperationOptions): Promise<boolean> {
  const has = async (name: string): Promise<boolean> =>
    (await archive.find(name, options)) !== undefined;
  return (await has("index.json")) && !(await has(dockerManifestName));
}
