import type { Descriptor } from "@drayage/core";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";
import { alteredMemory } from "./altered-memory.ts";
import type { Details } from "./detail.ts";

/** Of stores that keep the config and the content of layers, but not the manifest. */
export const contentDetails: Details = {
  "source/whole": {
    "loses a layer": [
      () => generating(({ layers, ...rest }) => ({ ...rest, layers: layers.slice(1) })),
      /another number of layers/,
    ],
    "has a layer twice": [
      () => generating(({ layers, ...rest }) => ({ ...rest, layers: [...layers, ...layers] })),
      /another number of layers/,
    ],
    "swaps layers": [
      () => generating(({ layers, ...rest }) => ({ ...rest, layers: layers.toReversed() })),
      /another content than sha256:/,
    ],
    "replaces the config": [
      () => generating((manifest) => ({ ...manifest, config: manifest.layers[0] })),
      /the config has other bytes/,
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
