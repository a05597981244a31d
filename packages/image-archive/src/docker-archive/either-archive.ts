import { ImageError } from "@drayage/core";
import type { ImageReference, ImageSource, OpenImages, OperationOptions } from "@drayage/core";
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
 * Opens an image of a docker archive, or of an OCI image layout, whichever it is; what is both is read as the first. Closes
 * the archive. `image` is a name or `@N` as such an archive has it; undefined is the only one.
 * @throws ImageError `not-found` that tells which images there are; `invalid-reference`, `unsupported`, `invalid-manifest`
 */
export async function openArchivedImage(
  reference: ImageReference,
  archive: TarArchive,
  image: string | undefined,
  options: OperationOptions = {},
): Promise<ImageSource> {
  const chosen = await chosenIn(archive, image, options);
  return chosen.kind === "layout"
    ? LayoutSource.open(reference, new TarLayout(archive), chosen.selector, options)
    : DockerArchiveSource.open(reference, archive, chosen.selector, options);
}

/** The same as `ImageReference.newImageSources`: all images where none is named. `referenceTo` makes a reference to one of them of its name or `@N`. */
export async function openArchivedImages(
  reference: ImageReference,
  archive: TarArchive,
  image: string | undefined,
  referenceTo: (image: string) => ImageReference,
  options: OperationOptions = {},
): Promise<OpenImages> {
  const chosen = await chosenIn(archive, image, options);
  if (chosen.kind === "docker") {
    const toOne = (one: DockerArchiveSelector): ImageReference =>
      referenceTo(formatDockerArchiveSelector(one) ?? "");
    return DockerArchiveSource.openAll(reference, archive, chosen.selector, toOne, options);
  }
  const toOne = (one: ImageSelector): ImageReference => referenceTo(formatSelector(one));
  const layout = new TarLayout(archive);
  return LayoutSource.openAll(reference, layout, chosen.selector, toOne, options);
}

/** How all images in an archive of either kind are called: `@N` where one has no name. The reference is for messages. @throws ImageError as `openArchivedImage` */
export async function archivedImageNames(
  reference: ImageReference,
  archive: TarArchive,
  options: OperationOptions = {},
): Promise<readonly string[]> {
  return (await isLayoutOnly(archive, options))
    ? imageNamesIn(reference, new TarLayout(archive), options)
    : dockerImageNamesIn(archive, options);
}

/** @throws ImageError `invalid-reference` for what no image is called in an archive of either kind */
export function checkArchivedImage(image: string): void {
  if (image === "")
    throw new ImageError("invalid-reference", "Behind the colon stands a name of an image, or @N");
  try {
    parseSelector(image);
  } catch {
    parseDockerArchiveSelector(image);
  }
}

type Chosen =
  | { readonly kind: "layout"; readonly selector: ImageSelector }
  | { readonly kind: "docker"; readonly selector: DockerArchiveSelector };

/** Closes the archive where that fails. */
async function chosenIn(
  archive: TarArchive,
  image: string | undefined,
  options: OperationOptions,
): Promise<Chosen> {
  try {
    return (await isLayoutOnly(archive, options))
      ? { kind: "layout", selector: parseSelector(image ?? "") }
      : { kind: "docker", selector: parseDockerArchiveSelector(image) };
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}

/** What has a `manifest.json` was made for docker; those who read it as a layout, too, find the same image. */
async function isLayoutOnly(archive: TarArchive, options: OperationOptions): Promise<boolean> {
  const has = async (name: string): Promise<boolean> =>
    (await archive.find(name, options)) !== undefined;
  return (await has("index.json")) && !(await has(dockerManifestName));
}
