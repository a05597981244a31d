import { copyImage, ImageError } from "@drayage/core";
import type {
  BlobInfoCache,
  BlobLocation,
  Digest,
  ImageDestination,
  ImageReference,
  ImageTransport,
} from "@drayage/core";
import { readAll } from "@drayage/core/content";
import { memory } from "@drayage/core/memory";
import { assertImage, inMemory, randomImage } from "@drayage/testkit";
import { describe, expect, test } from "vitest";

import { fileBlobInfoCache, memoryBlobInfoCache } from "../src/index.ts";
import { scratchFiles } from "./cache-facts.ts";

/** A third party's transport `shelf:HALL/BOX`. A box takes blobs from the other boxes in its hall. */
class Shelf {
  readonly #images = memory();
  readonly #blobs = new Map<string, Map<Digest, Uint8Array>>();
  /** The blobs that were sent to it. */
  readonly sent: Digest[] = [];

  readonly transport: ImageTransport = {
    name: "shelf",
    parseReference: (text) => this.#referenceTo(text),
    validatePolicyConfigurationScope() {
      throw new ImageError("invalid-scope", "Images on a shelf have no scopes");
    },
  };

  #referenceTo(text: string): ImageReference {
    const inner = this.#images.parseReference(text);
    const [hall = "", box = ""] = text.split("/");
    const { transport } = this;
    const reference: ImageReference = {
      transport,
      stringWithinTransport: text,
      dockerReference: undefined,
      policyConfigurationIdentity: undefined,
      policyConfigurationNamespaces: [],
      newImageSource: async (options) => inner.newImageSource(options),
      newImageDestination: async () =>
        this.#destinationAt({ transport: "shelf", scope: hall, path: box }, reference, inner),
    };
    return Object.freeze(reference);
  }

  async #destinationAt(
    place: BlobLocation,
    reference: ImageReference,
    inner: ImageReference,
  ): Promise<ImageDestination> {
    const real = await inner.newImageDestination?.();
    if (real === undefined) throw new Error("memory: is writable");
    const boxAt = ({ scope, path }: BlobLocation): Map<Digest, Uint8Array> => {
      const box = this.#blobs.get(`${scope}/${path}`) ?? new Map<Digest, Uint8Array>();
      this.#blobs.set(`${scope}/${path}`, box);
      return box;
    };
    const keep = async (bytes: Uint8Array, digest: Digest): Promise<void> => {
      boxAt(place).set(digest, bytes);
      async function* once(): AsyncGenerator<Uint8Array> {
        yield bytes;
      }
      await real.putBlob(once(), { digest, size: bytes.byteLength });
    };
    return {
      reference,
      accepts: real.accepts,
      locateBlob: () => place,
      async tryReusingBlob({ digest, size }, { location = place } = {}) {
        const isHere = location.transport === "shelf" && location.scope === place.scope;
        const bytes = isHere ? boxAt(location).get(digest) : undefined;
        if (bytes === undefined) return undefined;
        await keep(bytes, digest);
        return { digest, size, cloned: true };
      },
      putBlob: async (bytes, blob) => {
        const { digest, mediaType = "application/octet-stream" } = blob;
        if (digest === undefined) throw new Error("Layers are preserved, and have a digest");
        this.sent.push(digest);
        const content = await readAll(bytes, 1 << 20);
        await keep(content, digest);
        return { digest, size: content.byteLength, mediaType };
      },
      putManifest: async (...given) => real.putManifest(...given),
      commit: async (options) => real.commit(options),
      [Symbol.asyncDispose]: async () => real[Symbol.asyncDispose](),
    };
  }
}

const caches: readonly (readonly [string, () => Promise<BlobInfoCache>])[] = [
  ["in memory", async () => memoryBlobInfoCache()],
  ["in a file", async () => fileBlobInfoCache(await scratchFiles())],
];

describe.each(caches)("with a cache %s, a transport that core does not know", (_, open) => {
  test("takes blobs from where an earlier copy put them", async () => {
    const [shelf, cache] = [new Shelf(), await open()];
    const image = await randomImage("shelf", { layers: 3 });
    const from = await inMemory(image);
    const to = (name: string): ImageReference => shelf.transport.parseReference(name);
    await copyImage(from, to("north/first"), { cache });
    expect(new Set(shelf.sent)).toEqual(new Set(image.blobs.keys()));
    shelf.sent.length = 0;
    const { blobs } = await copyImage(from, to("north/second"), { cache });
    expect(blobs).toMatchObject({ copied: 0, reused: 4, cloned: 4 });
    expect(shelf.sent).toEqual([]);
    await assertImage(to("north/second"), image);
  });

  test("is not offered locations in another scope", async () => {
    const [shelf, cache] = [new Shelf(), await open()];
    const image = await randomImage("shelf", { layers: 3 });
    const from = await inMemory(image);
    await copyImage(from, shelf.transport.parseReference("north/first"), { cache });
    shelf.sent.length = 0;
    await copyImage(from, shelf.transport.parseReference("south/first"), { cache });
    expect(new Set(shelf.sent)).toEqual(new Set(image.blobs.keys()));
  });
});

test("without a cache, the transport is sent every blob", async () => {
  const shelf = new Shelf();
  const image = await randomImage("shelf", { layers: 3 });
  const from = await inMemory(image);
  for (const box of ["north/first", "north/second"])
    await copyImage(from, shelf.transport.parseReference(box));
  expect(shelf.sent).toHaveLength(2 * image.blobs.size);
});
