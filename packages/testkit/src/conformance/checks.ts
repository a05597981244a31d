import assert from "node:assert/strict";

import { digestHasher, digestOf, isImageError } from "@drayage/core";
import type {
  Descriptor,
  Digest,
  ImageDestination,
  ImageErrorCode,
  ImageReference,
  ImageSource,
} from "@drayage/core";

import type { WholeImage } from "../random/whole-image.ts";

/** Fails unless the call rejects with an ImageError of this code. */
export async function assertRejects(
  code: ImageErrorCode,
  work: () => Promise<unknown>,
): Promise<void> {
  const error = await failureOf(work);
  assert.ok(isImageError(error, code), `expected an ImageError ${code}, got ${String(error)}`);
}

/** Fails unless the error is the reason of the abort itself, not an error with it as the cause. */
export function assertReason(error: unknown, reason: Error, work: string): void {
  assert.ok(
    error === reason,
    `${work}: expected to reject with signal.reason itself, got ${String(error)}`,
  );
}

/** The error of a call. Fails if the call succeeds. */
export async function failureOf(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work();
  } catch (error) {
    return error;
  }
  assert.fail("expected a rejection, but the call succeeded");
}

/** Fails unless reading the image rejects with `not-found`. */
export async function assertNoImage(reference: ImageReference): Promise<void> {
  await assertRejects("not-found", async () => {
    await using source = await reference.newImageSource();
    await source.getManifest();
  });
}

/** Fails unless the reference names this image, with the same bytes of manifests and blobs. */
export async function assertImage(reference: ImageReference, image: WholeImage): Promise<void> {
  await using source = await reference.newImageSource();
  assertSameBytes((await source.getManifest()).bytes, image.manifest.bytes, "the manifest");
  await assertParts(source, image);
}

async function assertParts(source: ImageSource, image: WholeImage): Promise<void> {
  for (const [digest, bytes] of image.blobs) {
    assertSameBytes(await blobOf(source, digest), bytes, `the blob ${digest}`);
  }
  for (const { digest, bytes } of image.instances) {
    assertSameBytes((await source.getManifest(digest)).bytes, bytes, `the instance ${digest}`);
  }
}

export async function blobOf(
  source: ImageSource,
  digest: Digest,
  range?: { start: number; end?: number },
): Promise<Uint8Array> {
  return collected(source.getBlob({ digest }, range && { range }));
}

export async function collected(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export function assertSameBytes(found: Uint8Array, expected: Uint8Array, what: string): void {
  assert.ok(
    Buffer.compare(found, expected) === 0,
    `${what} differs: ${found.byteLength} bytes, expected ${expected.byteLength} bytes`,
  );
}

/** Opens a destination. Fails if the transport is read-only. */
export async function destinationOf(reference: ImageReference): Promise<ImageDestination> {
  assert.ok(
    reference.newImageDestination !== undefined,
    `${reference.transport.name} is read-only; pass store`,
  );
  return reference.newImageDestination();
}

/** Bytes in chunks of different lengths. */
export async function* inChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (
    let at = 0, length = 1;
    at < bytes.byteLength;
    at += length, length = (length * 7) % 70_001
  ) {
    yield bytes.subarray(at, at + length);
  }
}

/** The same chunks in one buffer, which is overwritten when the next chunk is requested. */
export async function* reusingBuffer(
  bytes: Uint8Array,
): AsyncGenerator<Uint8Array, void, undefined> {
  const memory = new Uint8Array(70_001);
  for await (const chunk of inChunks(bytes)) {
    memory.set(chunk);
    yield memory.subarray(0, chunk.byteLength);
    memory.fill(0);
  }
}

/** The digest of a stream. Each chunk is hashed before the next one is requested. */
export async function usedAtOnce(bytes: AsyncIterable<Uint8Array>): Promise<Digest> {
  const hasher = digestHasher();
  for await (const chunk of bytes) hasher.update(chunk);
  return hasher.digest();
}

/** Yields the first half, then throws. */
export async function* cutShort(bytes: Uint8Array, failure: unknown): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, Math.ceil(bytes.byteLength / 2));
  throw failure;
}

/** Random bytes, so that no other check has stored the same blob. */
export function freshBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 65_536) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + 65_536, length)));
  }
  return bytes;
}

/** A descriptor with the generic media type. */
export function blobDescriptorOf(bytes: Uint8Array): Descriptor {
  return { digest: digestOf(bytes), size: bytes.byteLength, mediaType: "application/octet-stream" };
}
