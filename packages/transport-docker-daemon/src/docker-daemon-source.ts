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
import { startOf } from "./engine/exchange.ts";
import { imageIDOf } from "./engine/image-id.ts";
import { savedArchive } from "./engine/saved-archive.ts";

/**
 * Saves the image into a temporary file, which is removed with the source: an engine gives all of it, in an order of its
 * own, with what tells about it at the end.
 */
export async function openDockerDaemonSource(
  reference: ImageReference,
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<ImageSource> {
  const id = await imageIDOf(engine, name, options);
  const answer = await engine.ask({ method: "GET", path: `/images/${name}/get`, ...options });
  const doing = `save ${name}`;
  if (answer.status !== 200) throw engine.refusal(await startOf(answer), doing);
  const bytes = savedArchive(answer.bytes, engine, doing);
  const spool = await spooled(bytes, imageName(reference), options);
  const archive = await TarArchive.open(spool, options);
  const position = await positionOf(id, archive, options);
  if (position === undefined)
    return DockerArchiveSource.open(reference, archive, { kind: "only" }, options);
  const selector = { kind: "position", position } as const;
  return LayoutSource.open(reference, new TarLayout(archive), selector, options);
}

/**
 * Where the layout in an archive has the image as it was pulled or built: engines that keep images in containerd know
 * them by their manifests. Others make one up for the archive, and know nothing of it.
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
