import { algorithmOf, digestHasher, digestOf, hexOf, isImageError, Retries } from "@drayage/core";
import type { BlobInfo, Digest, OperationOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";
import type { PartMemory } from "@drayage/transport-kit/wire";

import type { ObjectHeaders, Precondition } from "../client/bucket.ts";
import { beginUpload } from "./begin-upload.ts";
import type { BlobPool } from "./blob-pool.ts";
import { copyObject } from "./object-copy.ts";
import { openUpload } from "./open-upload.ts";
import { PartReader } from "./part-reader.ts";
import type { HeldPart } from "./part-reader.ts";

/** How a blob is sent. */
export interface UploadSettings {
  /** Bytes. */
  readonly partSize: number;
  readonly memory: PartMemory;
  /** What is kept with the blob, and that it must not be there yet where the store keeps to that. */
  readonly object: ObjectHeaders & Precondition;
}

/** Stores a blob unless it is there: in one request, or in parts where it is larger. Of a stream that is false nothing stays. */
export async function uploadBlob(
  pool: BlobPool,
  bytes: AsyncIterable<Uint8Array>,
  { digest, size }: BlobInfo,
  { partSize, memory, object }: UploadSettings,
  options: OperationOptions,
): Promise<StoredBlob> {
  await using parts = new PartReader(bytes, partSizeFor(size, partSize), memory);
  using first = await parts.next(options.signal);
  if (first.isLast) return await putWhole(pool, first.bytes, digest, object, options);
  return digest === undefined
    ? await putUnknown(pool, first, parts, object, options)
    : await putKnown(pool, first, parts, digest, object, options);
}

const mostParts = 10_000;
const mebibyte = 1 << 20;

/** In whole mebibytes where there are several. All but the last are of one size, on which some stores insist. */
export function partSizeFor(size: number | undefined, usual: number): number {
  if (size === undefined) return usual;
  if (size <= usual) return Math.max(size, 1);
  return Math.max(usual, Math.ceil(size / mostParts / mebibyte) * mebibyte);
}

async function putWhole(
  pool: BlobPool,
  bytes: Uint8Array,
  known: Digest | undefined,
  object: UploadSettings["object"],
  options: OperationOptions,
): Promise<StoredBlob> {
  const digest = known ?? digestOf(bytes);
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

/** An OCI digest is what S3 takes for a checksum, in other letters. */
function checksumOf(digest: Digest): { readonly ChecksumSHA256?: string } {
  if (algorithmOf(digest) !== "sha256") return {};
  return { ChecksumSHA256: Buffer.from(hexOf(digest), "hex").toString("base64") };
}

async function putKnown(
  pool: BlobPool,
  first: HeldPart,
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
    if (options.signal?.aborted || mayGoOn(error)) upload.leave();
    throw error;
  }
}

/** Whether it was not for the bytes, nor for what the store has of them. */
function mayGoOn(error: unknown): boolean {
  if (!isImageError(error)) return true;
  return error.code === "denied" || (error.retryable && error.code !== "conflict");
}

/** A blob that shows at its end what it is goes to a key of its own first, and is copied from there inside the store. */
async function putUnknown(
  pool: BlobPool,
  first: HeldPart,
  rest: PartReader,
  object: UploadSettings["object"],
  options: OperationOptions,
): Promise<StoredBlob> {
  const { IfNoneMatch: _, ...headers } = object;
  const { bucket, journal } = pool;
  const key = pool.temporaryKey();
  const hasher = digestHasher();
  let size = 0;
  await using upload = await beginUpload(bucket, key, headers, options, journal);
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
    const isOurs = await copyObject(from, bucket, to, object, options, { journal });
    if (!isOurs) await pool.checkPresent(stored, options);
  } finally {
    await bucket.delete(key).catch(() => upload.leave());
  }
  return stored;
}

async function* partsOf(
  first: HeldPart,
  rest: PartReader,
  signal: AbortSignal | undefined,
): AsyncGenerator<HeldPart, void, undefined> {
  for (let part = first; ; part = await rest.next(signal)) {
    yield part;
    if (part.isLast) return;
  }
}
