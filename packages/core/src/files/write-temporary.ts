import type { FileHandle } from "node:fs/promises";

import type { BlobInfo } from "../blob-info.ts";
import { digestHasher } from "../digest.ts";
import type { Digest, DigestHasher } from "../digest.ts";
import { ImageError } from "../image-error.ts";
import type { OperationOptions } from "../operation-options.ts";
import { onDisk } from "./file-error.ts";
import { newTemporary } from "./temporary-file.ts";
import type { TemporaryFile } from "./temporary-file.ts";

/** Bytes that are written at once; the chunks of a network are smaller. */
const batchSize = 1 << 17;

/**
 * Writes a stream into a temporary in that folder. The digest is computed only where it is not given: a stream of a
 * known digest is expected to fail unless it has it.
 * @throws ImageError `digest-mismatch` for another size, `unavailable` for a full disk, `denied`; what the stream throws
 */
export async function writeTemporary(
  folder: string,
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<BlobInfo, "digest" | "size">,
  { signal }: OperationOptions = {},
): Promise<TemporaryFile> {
  signal?.throwIfAborted();
  return newTemporary(folder, async (handle) => {
    const hasher = hasherFor(blob.digest);
    const writer = new BatchWriter(handle, folder);
    let size = 0;
    for await (const chunk of bytes) {
      signal?.throwIfAborted();
      size += chunk.byteLength;
      if (size > (blob.size ?? Infinity)) throw wrongSize(blob, "more");
      hasher.update(chunk);
      await writer.write(chunk);
    }
    if (size < (blob.size ?? 0)) throw wrongSize(blob, `only ${size}`);
    await writer.finish();
    signal?.throwIfAborted();
    return { digest: hasher.digest(), size };
  });
}

/** Takes a digest that is known at its word. */
function hasherFor(known: Digest | undefined): DigestHasher {
  if (known === undefined) return digestHasher();
  const hasher: DigestHasher = { update: () => hasher, digest: () => known };
  return hasher;
}

/** Writes one batch while the next is gathered. */
class BatchWriter {
  readonly #handle: FileHandle;
  readonly #folder: string;
  #batch: Uint8Array[] = [];
  #gathered = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle, folder: string) {
    this.#handle = handle;
    this.#folder = folder;
  }

  async write(chunk: Uint8Array): Promise<void> {
    this.#batch.push(chunk);
    this.#gathered += chunk.byteLength;
    if (this.#gathered >= batchSize) await this.#send();
  }

  async finish(): Promise<void> {
    await this.#send();
    await this.#writing;
    await onDisk(this.#folder, () => this.#handle.datasync());
  }

  async #send(): Promise<void> {
    await this.#writing;
    const batch = this.#batch;
    this.#batch = [];
    this.#gathered = 0;
    this.#writing = onDisk(this.#folder, () => writeAll(this.#handle, batch));
    // A failure is told to whoever waits for it next.
    this.#writing.catch(() => {});
  }
}

/** The system may take less than it is given. */
async function writeAll(handle: FileHandle, chunks: readonly Uint8Array[]): Promise<void> {
  let left = chunks;
  while (left.length > 0) {
    const { bytesWritten } = await handle.writev(left);
    left = after(bytesWritten, left);
  }
}

function after(count: number, chunks: readonly Uint8Array[]): readonly Uint8Array[] {
  let skipped = 0;
  return chunks.flatMap((chunk) => {
    const from = Math.min(count - skipped, chunk.byteLength);
    skipped += from;
    return from === chunk.byteLength ? [] : [chunk.subarray(from)];
  });
}

function wrongSize({ size }: Pick<BlobInfo, "size">, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `Expected a blob of ${size} bytes and got ${found}; nothing of it was kept`,
  );
}
