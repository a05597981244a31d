import { mediaTypes } from "@drayage/core";
import type { Descriptor } from "@drayage/core";

import { imageOfParts, partOf } from "./assembled-image.ts";
import type { AssembledImage } from "./assembled-image.ts";
import { SeededRandom } from "./seeded-random.ts";

/** Properties that do not depend on the seed. */
export interface RandomArtifactOptions {
  /** The default is `application/vnd.example.thing`. */
  readonly artifactType?: string | undefined;
  /** Bytes. The default is 1024. */
  readonly size?: number | undefined;
  /** The manifest that it refers to. */
  readonly subject?: Descriptor | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/**
 * Generates an artifact with one blob and the empty config (OCI image-spec, manifest.md, "Guidelines for Artifact
 * Usage").
 */
export async function randomArtifact(
  seed: string | number,
  options: RandomArtifactOptions = {},
): Promise<AssembledImage> {
  const { artifactType = "application/vnd.example.thing", size = 1024 } = options;
  const config = partOf("application/vnd.oci.empty.v1+json", Buffer.from("{}"));
  const content = partOf(`${artifactType}.content`, new SeededRandom(seed).bytes(size));
  const { subject, annotations } = options;
  return imageOfParts(mediaTypes.ociManifest, config, [content], {
    artifactType,
    subject,
    annotations,
  });
}
