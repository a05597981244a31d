import { describe, expect, test, vi } from "vitest";

import { maxManifestSize } from "../../src/content/byte-stream.ts";
import type { ImageReference } from "../../src/contract/image-reference.ts";
import type { ImageSource } from "../../src/contract/image-source.ts";
import type { Signature } from "../../src/contract/signature.ts";
import { UnparsedImage } from "../../src/image/unparsed-image.ts";
import { memory } from "../../src/memory/index.ts";
import { digestOf } from "../../src/names/digest.ts";
import type { Digest } from "../../src/names/digest.ts";

const bytes = Buffer.from('{"schemaVersion":2}');
const digest = digestOf(bytes);
const other = digestOf(Buffer.from("other"));
const signature: Signature = { kind: "simple-signing", bytes: Buffer.from("x") };

function reference(pinned?: Digest): ImageReference {
  const plain = memory().parseReference("some-image");
  if (pinned === undefined) return plain;
  const dockerReference = { value: { digest: pinned } };
  return Object.create(plain, { dockerReference }) as ImageReference;
}

/** A source that returns one manifest for every request. */
function sourceOf(
  content: Uint8Array,
  { pinned, promised, ...more }: { pinned?: Digest; promised?: Digest } & Partial<ImageSource> = {},
): ImageSource {
  return {
    reference: reference(pinned),
    offers: { parallelBlobs: 1, ranges: false },
    getManifest: async () => ({ bytes: content, ...(promised && { digest: promised }) }),
    async *getBlob() {},
    async [Symbol.asyncDispose]() {},
    ...more,
  };
}

const mismatch = { code: "digest-mismatch" };

describe("a manifest is verified:", () => {
  test("by the digest of the instance, of the reference and of the source", async () => {
    for (const right of [undefined, digest, digestOf(bytes, "sha512")]) {
      const image = new UnparsedImage(sourceOf(bytes), right);
      expect(await image.manifest()).toEqual({ bytes, digest: right ?? digest });
      const pinned = new UnparsedImage(sourceOf(bytes, right && { pinned: right }));
      expect((await pinned.manifest()).digest).toBe(right ?? digest);
      const promised = new UnparsedImage(sourceOf(bytes, right && { promised: right }));
      expect((await promised.manifest()).digest).toBe(right ?? digest);
    }
    await expect(new UnparsedImage(sourceOf(bytes), other).manifest()).rejects.toMatchObject(
      mismatch,
    );
    for (const wrong of [{ pinned: other }, { promised: other }]) {
      const image = new UnparsedImage(sourceOf(bytes, wrong));
      await expect(image.manifest()).rejects.toMatchObject(mismatch);
    }
  });

  test("by each of them, the instance first", async () => {
    const both = { pinned: other, promised: digest };
    expect((await new UnparsedImage(sourceOf(bytes, both), digest).manifest()).digest).toBe(digest);
    const image = new UnparsedImage(sourceOf(bytes, { promised: other }), digest);
    await expect(image.manifest()).rejects.toMatchObject(mismatch);
  });

  test("by its size in the index", async () => {
    const { byteLength } = bytes;
    const sized = (size?: number) => new UnparsedImage(sourceOf(bytes), digest, size).manifest();
    expect((await sized(byteLength)).digest).toBe(digest);
    expect((await sized()).digest).toBe(digest);
    await expect(sized(byteLength + 1)).rejects.toMatchObject({
      ...mismatch,
      message: expect.stringContaining(`${digest} has ${byteLength} bytes`) as string,
    });
  });

  test("up to the maximum size", async () => {
    const largest = Buffer.alloc(maxManifestSize);
    expect((await new UnparsedImage(sourceOf(largest)).manifest()).bytes).toBe(largest);
    const tooLarge = new UnparsedImage(sourceOf(Buffer.alloc(maxManifestSize + 1)));
    await expect(tooLarge.manifest()).rejects.toMatchObject({
      code: "invalid-manifest",
      reference: "memory:some-image",
    });
  });
});

test("manifest and signatures are fetched once, for the instance", async () => {
  const getSignatures = vi.fn<NonNullable<ImageSource["getSignatures"]>>(async () => [signature]);
  const getManifest = vi.fn<ImageSource["getManifest"]>(async () => ({ bytes }));
  const source = sourceOf(bytes, { getManifest, getSignatures });
  const image = new UnparsedImage(source, digest);
  const options = { signal: new AbortController().signal };
  expect(await image.manifest(options)).toBe(await image.manifest());
  expect(await image.signatures(options)).toEqual([signature]);
  expect(await image.signatures()).toEqual([signature]);
  expect(getManifest).toHaveBeenCalledExactlyOnceWith(digest, options);
  expect(getSignatures).toHaveBeenCalledExactlyOnceWith(digest, options);
  expect(image.reference).toBe(source.reference);
});

test("a source without signatures returns none", async () => {
  expect(await new UnparsedImage(sourceOf(bytes)).signatures()).toEqual([]);
});
