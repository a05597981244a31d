import type { Writable } from "node:stream";

import { digestHasher, ImageError } from "@drayage/core";
import type { BlobInfo, Digest, OperationOptions, PutBlobOptions } from "@drayage/core";
import { streamOf } from "@drayage/core/content";
import type { StoredBlob } from "@drayage/image-layout";
import { hasCode, withMutex, withFileErrors } from "@drayage/transport-kit/files";
import { untilAborted } from "@drayage/transport-kit/wire";

import { blobPath } from "../oci-archive/tar-layout.ts";
import { blockSize, formatTarHeader, padded } from "../tar/tar-header.ts";
import type { ArchiveChange, ArchiveUpdate } from "./archive-update.ts";
import { spooled } from "./spool.ts";

/**
 * Writes a tar file to a stream, in order. Each blob is spooled to a temporary file first, so a blob that fails is not
 * sent. A blob that was sent cannot be removed.
 */
export class StreamArchiveUpdate implements ArchiveUpdate {
  readonly location: string;
  readonly before = undefined;
  /** One blob is sent while the next ones are received. */
  readonly parallelBlobs = 3;
  readonly #output: Writable;
  readonly #mutex: string = `stream ${streams++}`;
  readonly #sizes = new Map<Digest, number>();
  /** The first error of the stream. Later writes report only that it was destroyed. */
  #failure: Error | undefined;

  /** `commit` ends the stream; disposing of the update destroys it. */
  constructor(output: Writable, location: string) {
    this.#output = output;
    this.location = location;
    output.on("error", (error) => {
      this.#failure ??= error;
    });
  }

  /** A stream has no existing content. */
  checkWritable(): void {}

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest" | "size">,
    { digestAlgorithm, ...options }: PutBlobOptions = {},
  ): Promise<StoredBlob> {
    const hasher = blob.digest === undefined ? digestHasher(digestAlgorithm) : undefined;
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        hasher?.update(chunk);
        yield chunk;
      }
    };
    await using spool = await spooled(hashed(), this.location, options);
    const { size } = spool;
    if (size !== (blob.size ?? size)) {
      const message = `Expected a blob of ${blob.size} bytes and received ${size}; the blob was not sent`;
      throw new ImageError("digest-mismatch", message);
    }
    const digest = blob.digest ?? hasher?.digest();
    if (digest === undefined) throw new TypeError("No digest");
    await withMutex(this.#mutex, options.signal, async () => {
      if (this.#sizes.has(digest)) return;
      const content = spool.read({ start: 0 }, options);
      await this.#add(blobPath(digest), content, size, options);
      this.#sizes.set(digest, size);
    });
    return { digest, size };
  }

  sizeOf(digest: Digest): number | undefined {
    return this.#sizes.get(digest);
  }

  async commit(change: ArchiveChange, options: OperationOptions = {}): Promise<void> {
    const { files } = await change(undefined);
    for (const [name, content] of files)
      await this.#add(name, streamOf(content), content.byteLength, options);
    await this.#write(new Uint8Array(2 * blockSize), options);
    await this.#settled((done) => this.#output.end(done), options);
  }

  /** Destroys the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#output.destroy();
  }

  /** A member that is not complete makes the rest of the stream unreadable, so an error destroys the stream. */
  async #add(
    name: string,
    content: AsyncIterable<Uint8Array>,
    size: number,
    options: OperationOptions,
  ): Promise<void> {
    try {
      await this.#write(formatTarHeader(name, size), options);
      for await (const chunk of content) await this.#write(chunk, options);
      await this.#write(new Uint8Array(padded(size) - size), options);
    } catch (error) {
      this.#output.destroy();
      throw error;
    }
  }

  async #write(chunk: Uint8Array, options: OperationOptions): Promise<void> {
    await this.#settled((done) => this.#output.write(chunk, done), options);
  }

  /** A reader may stop reading without closing the stream, so each write can be aborted. */
  async #settled(
    work: (done: (error?: Error | null) => void) => void,
    { signal }: OperationOptions,
  ): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    work((error) => (error ? reject(this.#failure ?? error) : resolve()));
    await withFileErrors(this.location, () => untilAborted(promise, signal)).catch(
      (cause: unknown) => {
        if (!hasCode(cause, "EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"))
          throw cause;
        const message = `The reader of ${this.location} closed it`;
        throw new ImageError("unavailable", message, { cause, retryable: false });
      },
    );
  }
}

let streams = 0;
