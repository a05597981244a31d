import { algorithmOf, digestHasher, digestOf, hexOf, isImageError, Retries } from "@drayage/core";
import type { BlobInfo, Digest, OperationOptions, PutBlobOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";
import type { PartMemory } from "@drayage/transport-kit/wire";

import type { ObjectHeaders, Precondition } from "../client/bucket.ts";
import type { BlobPool } from "./blob-pool.ts";
import { createUpload } from "./create-upload.ts";
import { copyObject } from "./object-copy.ts";
import { openUpload } from "./open-upload.ts";
import { PartReader } from "./part-reader.ts";
import type { BufferedPart } from "./part-reader.ts";

/** Settings for sending a blob. */
export interface UploadSettings {
  /** Bytes. */
  readonly partSize: number;
  readonly memory: PartMemory;
  /** Headers of the blob, and the condition that it is absent if the store honours that. */
  readonly object: ObjectHeaders & Precondition;
}

/** Stores a blob unless it is present: in one request, or in parts if it is large. A stream with a wrong digest leaves nothing. */
export async function uploadBlob(
  pool: BlobPool,
  bytes: AsyncIterable<Uint8Array>,
  { digest, size }: BlobInfo,
  { partSize, memory, object }: UploadSettings,
  options: PutBlobOptions,
): Promise<StoredBlob> {
  await using parts = new PartReader(bytes, partSizeFor(size, partSize), memory);
  using first = await parts.next(options.signal);
  if (first.isLast) return await putWhole(pool, first.bytes, digest, object, options);
  return digest === undefined
    ? await putUnknown(pool, first, parts, object, options)
    : await putKnown(pool, first, parts, digest, object, options);
}

const maxParts = 10_000;
const mebibyte = 1 << 20;

/** The part size for a blob, so it has at most 10,000 parts. All but the last part have this size, which some stores require. */
export function partSizeFor(size: number | undefined, defaultSize: number): number {
  if (size === undefined) return defaultSize;
  if (size <= defaultSize) return Math.max(size, 1);
  return Math.max(defaultSize, Math.ceil(size / maxParts / mebibyte) * mebibyte);
}

async function putWhole(
  pool: BlobPool,
  bytes: Uint8Array,
  knownDigest: Digest | undefined,
  object: UploadSettings["object"],
  options: PutBlobOptions,
): Promise<StoredBlob> {
  const digest = knownDigest ?? digestOf(bytes, options.digestAlgorithm);
  const stored = { digest, size: bytes.byteLength };
  const blob = { ...object, ...checksumOf(digest), Body: bytes };
  const { retries = new Retries(), signal } = options;
  return retries.run(
    `write ${digest}`,
    async () => {
      const etag = await pool.bucket.put(pool.keyOf(digest), blob, options);
      if (etag === undefined) await pool.checkPresent(stored, options);
      return stored;
    },
    { signal },
  );
}

/** S3 expects the same SHA-256 as the digest, in Base64. */
function checksumOf(digest: Digest): { readonly ChecksumSHA256?: string } {
  if (algorithmOf(digest) !== "sha256") return {};
  return { ChecksumSHA256: Buffer.from(hexOf(digest), "hex").toString("base64") };
}

async function putKnown(
  pool: BlobPool,
  first: BufferedPart,
  rest: PartReader,
  digest: Digest,
  { IfNoneMatch, ...headers }: UploadSettings["object"],
  options: OperationOptions,
): Promise<StoredBlob> {
  await using upload = await openUpload(pool, pool.keyOf(digest), headers, options);
  try {
    let size = 0;
    for await (const part of partsOf(first, rest, upload.signal)) {
      size += part.bytes.byteLength;
      upload.send(part);
    }
    const stored = { digest, size };
    if (!(await upload.complete(size, { IfNoneMatch }))) await pool.checkPresent(stored, options);
    return stored;
  } catch (error) {
    if (options.signal?.aborted || isResumable(error)) upload.keep();
    throw error;
  }
}

/** Whether a later upload may resume: the failure was not caused by the bytes or by the stored parts. */
function isResumable(error: unknown): boolean {
  if (!isImageError(error)) return true;
  return error.code === "denied" || (error.retryable && error.code !== "conflict");
}

/** Uploads a blob of unknown digest to a temporary key, and copies it to its final key inside the store. */
async function putUnknown(
  pool: BlobPool,
  first: BufferedPart,
  rest: PartReader,
  object: UploadSettings["object"],
  options: PutBlobOptions,
): Promise<StoredBlob> {
  const { IfNoneMatch: _, ...headers } = object;
  const { bucket, journal } = pool;
  const key = pool.temporaryKey();
  const hasher = digestHasher(options.digestAlgorithm);
  let size = 0;
  await using upload = await createUpload(bucket, key, headers, options, journal);
  for await (const part of partsOf(first, rest, upload.signal)) {
    hasher.update(part.bytes);
    size += part.bytes.byteLength;
    upload.send(part);
  }
  await upload.complete(size, {});
  const stored = { digest: hasher.digest(), size };
  const from = { bucket: bucket.name, key, size };
  const to = pool.keyOf(stored.digest);
  try {
    const isCopied = await copyObject(from, bucket, to, object, options, { journal });
    if (!isCopied) await pool.checkPresent(stored, options);
  } finally {
    await bucket.delete(key).catch(() => upload.keep());
  }
  return stored;
}

async function* partsOf(
  first: BufferedPart,
  rest: PartReader,
  signal: AbortSignal | undefined,
): AsyncGenerator<BufferedPart, void, undefined> {
  for (let part = first; ; part = await rest.next(signal)) {
    yield part;
    if (part.isLast) return;
  }
}
