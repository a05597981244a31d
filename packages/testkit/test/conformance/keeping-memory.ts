import type { ImageDestination, ImageReference, ImageTransport } from "@drayage/core";
import { memory } from "@drayage/core/memory";

/** A place that says that it is done with each chunk at once, and is not. */
export function keepingMemory(): ImageTransport {
  const inner = memory();
  return {
    name: "keeping",
    validatePolicyConfigurationScope: (scope) => inner.validatePolicyConfigurationScope(scope),
    parseReference(text): ImageReference {
      const place = inner.parseReference(text);
      const { transport, stringWithinTransport, policyConfigurationIdentity } = place;
      return {
        transport,
        stringWithinTransport,
        dockerReference: undefined,
        policyConfigurationIdentity,
        policyConfigurationNamespaces: [],
        newImageSource: async () => place.newImageSource(),
        newImageDestination: async () => keeping(await place.newImageDestination()),
      };
    },
  };
}

function keeping(destination: ImageDestination): ImageDestination {
  const putInner = destination.putBlob.bind(destination);
  const putBlob: ImageDestination["putBlob"] = async (bytes, blob, options) => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of bytes) chunks.push(chunk);
    return putInner(inOrder(chunks), blob, options);
  };
  return Object.assign(destination, { putBlob });
}

async function* inOrder(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
