import { ImageError, imageName, mediaTypes } from "@drayage/core";
import type {
  DestinationAccepts,
  ImageDestination,
  ImageReference,
  ImageSource,
  ImageTransport,
  RawManifest,
} from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";

import type { Overwriting } from "../../src/conformance/requirement.ts";

/**
 * A store like the archives of `docker save`. It has a config and uncompressed layers, but no manifest, index or
 * signature, and does not delete.
 */
export function decompressingMemory(
  overwriting: Exclude<Overwriting, "reuses">,
  altered: DecompressingAlteration = {},
): ImageTransport {
  const inner = memory();
  const transport: ImageTransport = {
    name: "decompressing",
    validatePolicyConfigurationScope: (scope) => inner.validatePolicyConfigurationScope(scope),
    parseReference(text) {
      const stored = inner.parseReference(text);
      const reference: ImageReference = {
        transport,
        stringWithinTransport: stored.stringWithinTransport,
        dockerReference: undefined,
        policyConfigurationIdentity: stored.policyConfigurationIdentity,
        policyConfigurationNamespaces: [],
        newImageSource: async (options) =>
          sourceOf(reference, await stored.newImageSource(options)),
        async newImageDestination(options) {
          const destination = await stored.newImageDestination(options);
          if (overwriting === "refuses" && (await destination.resolve()) !== undefined) {
            throw new ImageError("conflict", `${imageName(reference)} exists`);
          }
          return destinationOf(reference, destination, altered);
        },
      };
      return Object.freeze(reference);
    },
  };
  return transport;
}

/** Defects of the store. */
export interface DecompressingAlteration {
  readonly accepts?: Partial<DestinationAccepts>;
  readonly generated?: (manifest: RawManifest) => RawManifest;
}

const accepts: DestinationAccepts = {
  manifestMIMETypes: [mediaTypes.dockerManifest],
  preservesManifests: false,
  layers: "decompress",
  foreignLayerURLs: false,
  signatures: "signatures are not stored",
  parallelBlobs: 1,
};

function destinationOf(
  reference: ImageReference,
  inner: ImageDestination,
  altered: DecompressingAlteration,
): ImageDestination {
  const blobs = new Set<string>();
  let kept: RawManifest | undefined;
  return {
    reference,
    accepts: { ...accepts, ...altered.accepts },
    async tryReusingBlob(blob, options) {
      options?.signal?.throwIfAborted();
      return blobs.has(blob.digest) ? blob : undefined;
    },
    async putBlob(bytes, blob, options) {
      const stored = await inner.putBlob(bytes, blob, options);
      blobs.add(stored.digest);
      return stored;
    },
    async putManifest(manifest, { instance, ...options } = {}) {
      if (instance !== undefined || manifest.mediaType !== mediaTypes.dockerManifest) {
        throw new ImageError("manifest-rejected", `Only ${mediaTypes.dockerManifest} is accepted`);
      }
      kept = generatedFrom(manifest);
      await inner.putManifest(kept, options);
    },
    async commit(options) {
      await inner.commit(options);
      return kept && { manifest: altered.generated?.(kept) ?? kept };
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

/** Generates a manifest from the digests and the order of the files in an archive. */
function generatedFrom(manifest: RawManifest): RawManifest {
  const parsed = parseManifest(manifest);
  if (parsed.kind !== "image") throw new Error("rejected before");
  const { config, layers } = parsed;
  const fields = { schemaVersion: 2, mediaType: mediaTypes.dockerManifest, config, layers };
  return { bytes: Buffer.from(JSON.stringify(fields)), mediaType: mediaTypes.dockerManifest };
}

function sourceOf(reference: ImageReference, inner: ImageSource): ImageSource {
  return {
    reference,
    offers: { parallelBlobs: 1, ranges: false },
    getManifest: (instance, options) => inner.getManifest(instance, options),
    getBlob: (blob, options) => inner.getBlob(blob, options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}
