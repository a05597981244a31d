import type { FileHandle } from "node:fs/promises";

import type { BlobInfo } from "../blob-info.ts";
import { digestHasher } from "../digest.ts";
import type { Digest, DigestHasher } from "../digest.ts";
import { ImageError } from "../image-error.ts";
import type { OperationOptions } from "../operation-options.ts";
import { onDisk } from "./file-error.ts";
import { newTemporary } from "./temporary-file.ts";
import type { TemporaryFile, WrittenFile } from "./temporary-file.ts";

/** How a file is written. */
export interface WriteOptions extends OperationOptions {
  /** Who may do what with the file. Default `0o644`. */
  readonly mode?: number | undefined;
}

/** Bytes that are written at once; the chunks of a network are smaller. */
const batchSize = 1 << 19;

/**
 * Writes a stream into a temporary in that folder. The digest is computed only where it is not given: a stream of a
 * known digest is expected to fail unless it has it.
 * @throws ImageError `digest-mismatch` for another size, `unavailable` for a full disk, `denied`; what the stream throws
 */
export async function writeTemporary(
  folder: string,
  bytes: AsyncIterable<Uint8Array>,
  blob: Pick<BlobInfo, "digest" | "size">,
  { signal, mode }: WriteOptions = {},
): Promise<TemporaryFile> {
  signal?.throwIfAborted();
  const fill = async (handle: FileHandle): Promise<WrittenFile> => {
    const hasher = hasherFor(blob.digest);
    const writer = new BatchWriter(handle, folder, blob.size ?? Infinity);
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
  };
  return newTemporary(folder, fill, mode);
}

/** Takes a digest that is known at its word. */
function hasherFor(known: Digest | undefined): DigestHasher {
  if (known === undefined) return digestHasher();
  const hasher: DigestHasher = {
    update: () => hasher,
    digest: () => known,
    copy: () => hasher,
  };
  return hasher;
}

/**
 * Copies chunks into one batch while the other is written. Chunks that were kept until then would outlive the collection
 * of young objects, and a copy would spend a quarter of its time on collecting old ones.
 */
class BatchWriter {
  readonly #handle: FileHandle;
  readonly #folder: string;
  #batch: Uint8Array;
  #spare: Uint8Array;
  #gathered = 0;
  #writing: Promise<void> = Promise.resolve();

  constructor(handle: FileHandle, folder: string, size: number) {
    this.#handle = handle;
    this.#folder = folder;
    this.#batch = Buffer.allocUnsafeSlow(Math.min(size, batchSize));
    this.#spare = size > batchSize ? Buffer.allocUnsafeSlow(batchSize) : this.#batch;
  }

  async write(chunk: Uint8Array): Promise<void> {
    for (let at = 0; at < chunk.byteLength;) {
      const part = chunk.subarray(at, at + this.#batch.byteLength - this.#gathered);
      this.#batch.set(part, this.#gathered);
      this.#gathered += part.byteLength;
      at += part.byteLength;
      if (this.#gathered === this.#batch.byteLength) await this.#send();
    }
  }

  async finish(): Promise<void> {
    await this.#send();
    await this.#writing;
    await onDisk(this.#folder, () => this.#handle.datasync());
  }

  async #send(): Promise<void> {
    await this.#writing;
    const batch = this.#batch.subarray(0, this.#gathered);
    [this.#batch, this.#spare] = [this.#spare, this.#batch];
    this.#gathered = 0;
    this.#writing = onDisk(this.#folder, () => writeAll(this.#handle, batch));
    // A failure is told to whoever waits for it next.
    this.#writing.catch(() => {});
  }
}

/** The system may take less than it is given. */
async function writeAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.byteLength;) {
    const { bytesWritten } = await handle.write(bytes, at);
    at += bytesWritten;
  }
}

function wrongSize({ size }: Pick<BlobInfo, "size">, found: string): ImageError {
  return new ImageError(
    "digest-mismatch",
    `Expected a blob of ${size} bytes and got ${found}; nothing of it was kept`,
  );
}
