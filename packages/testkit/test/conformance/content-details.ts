import type { Descriptor } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Details } from "./detail.ts";

/** For stores that preserve the config and the uncompressed layers, but not the manifest. */
export const contentDetails: Details = {
  "source/whole": {
    "loses a layer": [
      () => generating(({ layers, ...rest }) => ({ ...rest, layers: layers.slice(1) })),
      /the number of layers differs/,
    ],
    "returns each layer twice": [
      () => generating(({ layers, ...rest }) => ({ ...rest, layers: [...layers, ...layers] })),
      /the number of layers differs/,
    ],
    "changes the order of layers": [
      () => generating(({ layers, ...rest }) => ({ ...rest, layers: layers.toReversed() })),
      /content of layer sha256:\S+ differs/,
    ],
    "replaces the config": [
      () => generating((manifest) => ({ ...manifest, config: manifest.layers[0] })),
      /the config differs/,
    ],
  },
};

interface GeneratedManifest {
  readonly config: Descriptor | undefined;
  readonly layers: readonly Descriptor[];
}

function generating(
  changed: (manifest: GeneratedManifest) => GeneratedManifest,
): TransportUnderTest {
  return alteredMemory({
    subject: () => ({ preserves: "content" }),
    source: ({ getManifest }) => ({
      async getManifest(instance, options) {
        const { bytes, mediaType } = await getManifest(instance, options);
        const manifest = JSON.parse(Buffer.from(bytes).toString()) as GeneratedManifest;
        return { bytes: Buffer.from(JSON.stringify(changed(manifest))), mediaType };
      },
    }),
  });
}
