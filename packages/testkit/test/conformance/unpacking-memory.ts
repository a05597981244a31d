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
 * A place like the archives of `docker save`: it keeps a config and unpacked layers, no manifest, no index, no signature,
 * and deletes nothing.
 */
export function unpackingMemory(
  overwriting: Exclude<Overwriting, "reuses">,
  altered: UnpackingAlteration = {},
): ImageTransport {
  const inner = memory();
  const transport: ImageTransport = {
    name: "unpacking",
    validatePolicyConfigurationScope: (scope) => inner.validatePolicyConfigurationScope(scope),
    parseReference(text) {
      const place = inner.parseReference(text);
      const reference: ImageReference = {
        transport,
        stringWithinTransport: place.stringWithinTransport,
        dockerReference: undefined,
        policyConfigurationIdentity: place.policyConfigurationIdentity,
        policyConfigurationNamespaces: [],
        newImageSource: async (options) => sourceOf(reference, await place.newImageSource(options)),
        async newImageDestination(options) {
          const destination = await place.newImageDestination(options);
          if (overwriting === "refuses" && (await destination.resolve()) !== undefined) {
            throw new ImageError("conflict", `${imageName(reference)} is there already`);
          }
          return destinationOf(reference, destination, altered);
        },
      };
      return Object.freeze(reference);
    },
  };
  return transport;
}

/** What is wrong about it. */
export interface UnpackingAlteration {
  readonly accepts?: Partial<DestinationAccepts>;
  readonly generated?: (manifest: RawManifest) => RawManifest;
}

const accepts: DestinationAccepts = {
  manifestMIMETypes: [mediaTypes.dockerManifest],
  preservesManifests: false,
  layers: "decompress",
  foreignLayerURLs: false,
  signatures: "there is no place for them",
  parallelBlobs: 1,
};

function destinationOf(
  reference: ImageReference,
  inner: ImageDestination,
  altered: UnpackingAlteration,
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
        throw new ImageError("manifest-rejected", `Only ${mediaTypes.dockerManifest} is taken`);
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

/** From what an archive knows: the digests and the order of its files. */
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
