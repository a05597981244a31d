import type {
  ImageDestination,
  ImageReference,
  NamedReference,
  OperationOptions,
} from "@drayage/core";
import { imageName } from "@drayage/core";
import { DockerArchiveDestination, StreamArchiveUpdate } from "@drayage/image-archive";

import { ContainerdDestination } from "./containerd-destination.ts";
import type { Engine } from "./engine/engine.ts";
import { ImageLoad } from "./engine/image-load.ts";
import { storesManifests } from "./engine/stored-manifests.ts";

/**
 * Streams an archive to the engine, which creates the image when it has received all of it. An engine with the containerd
 * store receives the image unchanged, other engines receive uncompressed layers.
 */
export async function openDockerDaemonDestination(
  reference: ImageReference,
  engine: Engine,
  name: NamedReference,
  options: OperationOptions,
): Promise<ImageDestination> {
  if (await storesManifests(engine, options))
    return ContainerdDestination.open(reference, engine, name, options);
  const update = new StreamArchiveUpdate(new ImageLoad(engine, options), imageName(reference));
  return DockerArchiveDestination.open(reference, update, [name], options);
}
