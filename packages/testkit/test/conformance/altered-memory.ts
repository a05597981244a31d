import { digestOf, isImageError } from "@drayage/core";
import type {
  Digest,
  ImageDestination,
  ImageReference,
  ImageSource,
  ImageTransport,
  ListedImage,
  RawManifest,
} from "@drayage/core";
import { parseManifest } from "@drayage/core/manifest";
import { memory } from "@drayage/core/memory";

import type { TransportUnderTest } from "../../src/conformance/requirement.ts";

/** Methods that replace those of a transport that passes every requirement. Each receives the original. */
export interface Alteration {
  readonly transport?: (transport: Bound<ImageTransport>) => Partial<ImageTransport>;
  readonly reference?: (reference: Bound<Required<ImageReference>>) => Partial<ImageReference>;
  readonly source?: (source: WholeSource, reference: ImageReference) => Partial<ImageSource>;
  readonly destination?: (
    destination: WholeDestination,
    reference: ImageReference,
  ) => Partial<ImageDestination>;
  readonly subject?: (subject: Bound<TransportUnderTest>) => Partial<TransportUnderTest>;
}

/** Methods that do not need `this`. */
type Bound<Type> = {
  readonly [Key in keyof Type]: Type[Key] extends (...given: infer Given) => infer Result
    ? (...given: Given) => Result
    : Type[Key];
};

/** A source with every optional method. */
export type WholeSource = Bound<Required<ImageSource>>;

/** A destination with every optional method of a store that preserves manifests. */
export type WholeDestination = Bound<Required<ImageDestination>>;

/** A memory transport with every optional ability of the contract and one alteration. Passes every requirement without one. */
export function alteredMemory(alteration: Alteration = {}): TransportUnderTest {
  const store: Store = {
    inner: memory(),
    names: new Set(),
    manifests: new Map(),
    damaged: new Set(),
  };
  let count = 0;
  const base: ImageTransport = {
    name: "memory",
    validatePolicyConfigurationScope: (scope) =>
      store.inner.validatePolicyConfigurationScope(scope),
    parseReference: (text) => referenceIn(store, transport, text, alteration),
    async *listTags() {
      yield* store.names;
    },
    collectGarbage: async () => [],
    advise: (name) => `for an image in memory write memory:${name}`,
  };
  const transport: ImageTransport = { ...base, ...alteration.transport?.(base) };
  const freshReference = (): ImageReference => transport.parseReference(`image ${count++}`);
  const subject: TransportUnderTest = {
    transport,
    freshReference,
    siblingOf: freshReference,
    damageBlob: async (_, digest) => void store.damaged.add(digest),
  };
  return { ...subject, ...alteration.subject?.(subject) };
}

interface Store {
  readonly inner: ImageTransport;
  /** The names of all images. */
  readonly names: Set<string>;
  /** All committed manifests of all names. */
  readonly manifests: Map<Digest, RawManifest>;
  /** Blobs whose last byte is changed on reading. */
  readonly damaged: Set<Digest>;
}

function referenceIn(
  store: Store,
  transport: ImageTransport,
  text: string,
  alteration: Alteration,
): ImageReference {
  const inner = store.inner.parseReference(text);
  const base: Required<ImageReference> = {
    transport,
    stringWithinTransport: inner.stringWithinTransport,
    dockerReference: undefined,
    policyConfigurationIdentity: inner.policyConfigurationIdentity,
    policyConfigurationNamespaces: [],
    isLocation: false,
    async listImages() {
      const images = Array.from(store.names, (name): ListedImage => {
        const listed = referenceIn(store, transport, name, alteration);
        const newImageSource: ListedImage["newImageSource"] = async (options) =>
          listed.newImageSource(options);
        return { names: [name], reference: listed, newImageSource };
      });
      return { images, async [Symbol.asyncDispose]() {} };
    },
    async newImageSource(options) {
      const source = sourceIn(store, reference, await inner.newImageSource(options));
      return { ...source, ...alteration.source?.(source, reference) };
    },
    async newImageDestination(options) {
      if (inner.newImageDestination === undefined) throw new Error("memory: must be writable");
      const opened = await inner.newImageDestination(options);
      const destination = destinationIn(store, reference, opened);
      return { ...destination, ...alteration.destination?.(destination, reference) };
    },
    async deleteImage(options) {
      await inner.deleteImage?.(options);
      store.names.delete(text);
    },
  };
  const reference: ImageReference = Object.freeze({ ...base, ...alteration.reference?.(base) });
  return reference;
}

function sourceIn(store: Store, reference: ImageReference, inner: ImageSource): WholeSource {
  return {
    reference,
    offers: { ...inner.offers, storedDigests: true },
    getManifest: (...given) => inner.getManifest(...given),
    getBlob: (blob, options) => readIn(store, inner, blob.digest, options),
    locateBlob: () => undefined,
    async statBlob({ digest }) {
      if (digest === undefined) return undefined;
      let size = 0;
      try {
        for await (const chunk of inner.getBlob({ digest })) size += chunk.byteLength;
      } catch (error) {
        if (isImageError(error, "not-found")) return undefined;
        throw error;
      }
      return { digest, size };
    },
    getSignatures: async (...given) => (await inner.getSignatures?.(...given)) ?? [],
    getReferrers: (...given) => inner.getReferrers?.(...given) ?? nothing(),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
}

async function* readIn(
  { damaged }: Store,
  inner: ImageSource,
  digest: Digest | undefined,
  options: Parameters<ImageSource["getBlob"]>[1],
): AsyncGenerator<Uint8Array> {
  const chunks = inner.getBlob({ ...(digest && { digest }) }, options);
  for await (const chunk of chunks) {
    yield digest !== undefined && damaged.has(digest) ? corrupted(chunk) : chunk;
  }
}

function destinationIn(
  { manifests, names }: Store,
  reference: ImageReference,
  inner: ImageDestination,
): WholeDestination {
  const put = new Map<Digest, RawManifest>();
  return {
    reference,
    accepts: inner.accepts,
    resolve: async (options) => inner.resolve?.(options),
    async tryReusingManifest(digest, options) {
      options?.signal?.throwIfAborted();
      return manifests.has(digest) ? { digest } : undefined;
    },
    locateBlob: ({ digest }) => digest && { transport: "memory", scope: "the store", path: digest },
    tryReusingBlob: (...given) => inner.tryReusingBlob(...given),
    putBlob: (...given) => inner.putBlob(...given),
    async putManifest(manifest, options) {
      await inner.putManifest(manifest, options);
      put.set(options?.instance ?? digestOf(manifest.bytes), manifest);
      if (options?.instance === undefined) await putListed(manifest);
    },
    putSignatures: async (...given) => inner.putSignatures?.(...given),
    async commit(options) {
      await inner.commit(options);
      names.add(inner.reference.stringWithinTransport);
      for (const [digest, manifest] of put) manifests.set(digest, manifest);
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };

  /** Puts the stored instances of an index, because the client may omit them. */
  async function putListed(manifest: RawManifest): Promise<void> {
    const parsed = parseManifest(manifest);
    if (parsed.kind !== "index") return;
    for (const { digest } of parsed.manifests) {
      const present = manifests.get(digest);
      if (put.has(digest) || present === undefined) continue;
      await inner.putManifest(present, { instance: digest });
      put.set(digest, present);
      await putListed(present);
    }
  }
}

/** Changes the last byte. */
export function corrupted(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[copy.length - 1] = (copy[copy.length - 1] ?? 0) ^ 1;
  return copy;
}

async function* nothing(): AsyncGenerator<never> {}
