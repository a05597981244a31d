import type { ImageManifest } from "@drayage/core/manifest";

import { diffIDsOf } from "./docker-archive-image.ts";

/**
 * How the layers of a manifest differ from its config, and what to do; undefined if they match. `docker load` does not
 * decompress layers and verifies them against the config.
 */
export function layerMismatch(
  { layers, config }: ImageManifest,
  content: Uint8Array,
): string | undefined {
  const expected = diffIDsOf(content, `config ${config.digest}`);
  const problem = `the config ${config.digest} does not match the manifest`;
  if (layers.length !== expected.length)
    return `${problem}: its diff_ids list ${expected.length} layers, and the manifest has ${layers.length}; build the image again`;
  const wrong = layers.findIndex(({ digest }, index) => digest !== expected[index]);
  if (wrong < 0) return undefined;
  const reason = `layer ${wrong + 1} has the uncompressed digest ${layers[wrong]?.digest}, and its diff_ids list ${expected[wrong]}`;
  return `${problem}: ${reason}; build the image again, or copy without preserving digests if that layer is compressed`;
}
