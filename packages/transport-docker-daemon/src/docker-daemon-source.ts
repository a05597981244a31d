import { imageName } from "@drayage/core";
import type { ImageReference, ImageSource, OperationOptions } from "@drayage/core";
import { DockerArchiveSource, spooled, TarArchive } from "@drayage/image-archive";

import type { Engine } from "./engine/engine.ts";
import { noSuchImage } from "./engine/no-such-image.ts";

/**
 * Saves the image into a temporary file, which is removed with the source: an engine gives all of it, in an order of its
 * own with what tells about it at the end.
 */
export async function openDockerDaemonSource(
  reference: ImageReference,
  engine: Engine,
  name: string,
  options: OperationOptions,
): Promise<ImageSource> {
  const answer = await engine.ask({ method: "GET", path: `/images/${name}/get`, ...options });
  if (answer.status === 404) throw await noSuchImage(engine, name, options);
  if (answer.status !== 200) throw await engine.refusal(answer, `save ${name}`);
  const spool = await spooled(answer.bytes, imageName(reference), options);
  const archive = await TarArchive.open(spool, options);
  return DockerArchiveSource.open(reference, archive, { kind: "only" }, options);
}
