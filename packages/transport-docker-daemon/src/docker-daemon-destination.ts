import type {
  ImageDestination,
  ImageReference,
  NamedReference,
  OperationOptions,
} from "@drayage/core";
import { imageName } from "@drayage/core";
import { DockerArchiveDestination, StreamArchiveUpdate } from "@drayage/image-archive";

import type { Engine } from "./engine/engine.ts";
import { ImageLoad } from "./engine/image-load.ts";

/** Sends a docker archive as it is made: one layer after the other, and the engine shows the image when it has all. */
export async function openDockerDaemonDestination(
  reference: ImageReference,
  engine: Engine,
  name: NamedReference,
  options: OperationOptions,
): Promise<ImageDestination> {
  const update = new StreamArchiveUpdate(new ImageLoad(engine, options), imageName(reference));
  return DockerArchiveDestination.open(reference, update, [name], options);
}
