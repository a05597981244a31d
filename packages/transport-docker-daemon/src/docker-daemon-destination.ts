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
import { keepsManifests } from "./engine/stored-manifests.ts";
import { WholeImageDestination } from "./whole-image-destination.ts";

/**
 * Sends an archive as it is made, one layer after the other; the engine shows the image when it has all of it. Where
 * images are kept in containerd they go as they are, elsewhere with their layers unpacked.
 */
export async function openDockerDaemonDestination(
  reference: ImageReference,
  engine: Engine,
  name: NamedReference,
  options: OperationOptions,
): Promise<ImageDestination> {
  if (await keepsManifests(engine, options))
    return WholeImageDestination.open(reference, engine, name, options);
  const update = new StreamArchiveUpdate(new ImageLoad(engine, options), imageName(reference));
  return DockerArchiveDestination.open(reference, update, [name], options);
}
