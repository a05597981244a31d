import { imageName } from "@drayage/core";
import type { ImageReference, ImageSource, OperationOptions } from "@drayage/core";
import { DockerArchiveSource, spooled, TarArchive, TarLayout } from "@drayage/image-archive";
import {
  descriptorOfEntry,
  indexSizeLimit,
  LayoutSource,
  parseLayoutIndex,
} from "@drayage/image-layout";

import type { Engine } from "./engine/engine.ts";
import { readText } from "./engine/exchange.ts";
import { imageIDOf } from "./engine/image-id.ts";
import { savedArchive } from "./engine/saved-archive.ts";

/**
 * Saves the image into a temporary file, which is deleted with the source. An engine exports only whole images, with the
 * manifest at the end.
 */
export async function openDockerDaemonSource(
  reference: ImageReference,
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<ImageSource> {
  const id = await imageIDOf(engine, name, options);
  const response = await engine.send({ method: "GET", path: `/images/${name}/get`, ...options });
  const operation = `save ${name}`;
  if (response.status !== 200) throw engine.errorFor(await readText(response), operation);
  const bytes = savedArchive(response.bytes, engine, operation);
  const spool = await spooled(bytes, imageName(reference), options);
  const archive = await TarArchive.open(spool, options);
  const position = await positionOf(id, archive, options);
  if (position === undefined)
    return DockerArchiveSource.open(reference, archive, { kind: "only" }, options);
  const selector = { kind: "position", position } as const;
  return LayoutSource.open(reference, new TarLayout(archive), selector, options);
}

/**
 * The position of the image in the layout of an archive, if its manifest is the original one. Engines with the containerd
 * store use the digest of the manifest as the image ID. Other engines generate a manifest for the archive.
 */
async function positionOf(
  id: unknown,
  archive: TarArchive,
  options: OperationOptions,
): Promise<number | undefined> {
  try {
    const index = await archive.readSmall("index.json", indexSizeLimit, options);
    const entries = index === undefined ? [] : parseLayoutIndex(index).entries;
    const position = entries.findIndex((entry) => descriptorOfEntry(entry).digest === id);
    return position < 0 ? undefined : position;
  } catch (error) {
    await archive[Symbol.asyncDispose]();
    throw error;
  }
}
