import type { Writable } from "node:stream";

import { digestHasher, ImageError, inOne } from "@drayage/core";
import type { BlobInfo, Digest, OperationOptions } from "@drayage/core";
import type { StoredBlob } from "@drayage/image-layout";
import { hasCode, inTurn, onDisk } from "@drayage/transport-kit/files";
import { untilAborted } from "@drayage/transport-kit/wire";

import { blobPath } from "../oci-archive/tar-layout.ts";
import { blockSize, formatTarHeader, padded } from "../tar/tar-header.ts";
import type { ArchiveChange, ArchiveUpdate } from "./archive-update.ts";
import { spooled } from "./spool.ts";

/**
 * Writes a tar file into a pipe, in order. A blob that has come whole follows those before it and cannot be taken back;
 * until then it waits in a temporary file, so that of one that fails nothing is sent.
 */
export class StreamArchiveUpdate implements ArchiveUpdate {
  readonly place: string;
  readonly before = undefined;
  /** While one is sent the next ones are unpacked. */
  readonly parallelBlobs = 3;
  readonly #output: Writable;
  readonly #turns: string = `stream ${streams++}`;
  readonly #sizes = new Map<Digest, number>();
  /** What made the stream fail: whoever writes afterwards is only told that it did. */
  #failure: Error | undefined;

  /** Ends the stream with `commit`, and destroys it when it is disposed of. */
  constructor(output: Writable, place: string) {
    this.#output = output;
    this.place = place;
    output.on("error", (error) => {
      this.#failure ??= error;
    });
  }

  /** A stream has nothing before it. */
  checkChangeable(): void {}

  async putBlob(
    bytes: AsyncIterable<Uint8Array>,
    blob: Pick<BlobInfo, "digest" | "size">,
    options: OperationOptions = {},
  ): Promise<StoredBlob> {
    const hasher = blob.digest === undefined ? digestHasher() : undefined;
    const hashed = async function* (): AsyncGenerator<Uint8Array> {
      for await (const chunk of bytes) {
        hasher?.update(chunk);
        yield chunk;
      }
    };
    await using spool = await spooled(hashed(), this.place, options);
    const { size } = spool;
    if (size !== (blob.size ?? size)) {
      const message = `Expected a blob of ${blob.size} bytes and got ${size}; nothing of it was sent`;
      throw new ImageError("digest-mismatch", message);
    }
    const digest = blob.digest ?? hasher?.digest();
    if (digest === undefined) throw new TypeError("No digest");
    await inTurn(this.#turns, options.signal, async () => {
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
      await this.#add(name, inOne(content), content.byteLength, options);
    await this.#write(new Uint8Array(2 * blockSize), options);
    await this.#settled((done) => this.#output.end(done), options);
  }

  /** Destroys the stream. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#output.destroy();
  }

  /** What was begun and did not end makes the rest worthless: nothing can follow it. */
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

  /** Whoever reads may stop reading for ever. */
  async #settled(
    work: (done: (error?: Error | null) => void) => void,
    { signal }: OperationOptions,
  ): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    work((error) => (error ? reject(this.#failure ?? error) : resolve()));
    await onDisk(this.place, () => untilAborted(promise, signal)).catch((cause: unknown) => {
      if (!hasCode(cause, "EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"))
        throw cause;
      const message = `Nobody reads ${this.place} any more`;
      throw new ImageError("unavailable", message, { cause, retryable: false });
    });
  }
}

let streams = 0;
