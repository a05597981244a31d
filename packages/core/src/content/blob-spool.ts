import { randomUUID } from "node:crypto";
import { open, rm } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

/** Where a spool keeps its bytes. */
type SpoolStore = "memory" | "disk";

/** The space that spools may use together, in bytes. */
export class SpoolSpace {
  readonly #free: Record<SpoolStore, number>;

  constructor(limit: number) {
    this.#free = { memory: Math.min(limit, maxMemory), disk: limit };
  }

  /** Takes bytes in memory if they are few, otherwise on disk; undefined if there is no space. */
  take(bytes: number): SpoolStore | undefined {
    if (bytes <= maxInMemory && bytes <= this.#free.memory) return this.#take("memory", bytes);
    return bytes <= this.#free.disk ? this.#take("disk", bytes) : undefined;
  }

  release(store: SpoolStore, bytes: number): void {
    this.#free[store] += bytes;
  }

  #take(store: SpoolStore, bytes: number): SpoolStore {
    this.#free[store] -= bytes;
    return store;
  }
}

/** Smaller blobs are kept in memory, as long as all of them have at most `maxMemory` bytes. */
const maxInMemory = 256 * 1024;
const maxMemory = 16 * 1024 ** 2;

const readSize = 256 * 1024;

/** The reason for which a reader has to read the rest of a blob from its source: the disk is full, for example. */
export class SpoolFailure extends Error {}

/**
 * A temporary copy of a blob. One stream fills it, at its own speed, and several readers follow at theirs. The file has
 * no name, so that it disappears with the process.
 */
export class BlobSpool implements AsyncDisposable {
  readonly #space: SpoolSpace;
  readonly #reserved: number;
  readonly #kind: SpoolStore;
  readonly #chunks: Uint8Array[] | undefined;
  #file: FileHandle | undefined;
  /** Set where an open file cannot be removed (Windows). */
  #name: string | undefined;
  #written = 0;
  #failure: Error | undefined;
  #isComplete = false;
  #change = Promise.withResolvers<void>();
  readonly #filling: Promise<void>;

  private constructor(
    bytes: AsyncIterable<Uint8Array>,
    size: number,
    space: SpoolSpace,
    store: SpoolStore,
  ) {
    this.#space = space;
    this.#reserved = size;
    this.#kind = store;
    this.#chunks = store === "memory" ? [] : undefined;
    this.#filling = this.#fill(bytes);
  }

  /** Starts to read a blob of `size` bytes; undefined if there is no space for it. The stream keeps its chunks intact. */
  static start(
    bytes: AsyncIterable<Uint8Array>,
    size: number,
    space: SpoolSpace,
  ): BlobSpool | undefined {
    const store = space.take(size);
    return store && new BlobSpool(bytes, size, space, store);
  }

  /** False if its stream failed, so that another attempt needs another spool. */
  get isUsable(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Reads from the start, and waits for bytes that have not arrived. Fails like the stream after the bytes that arrived.
   * @throws SpoolFailure if the bytes could not be stored
   */
  async *read(signal?: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    const aborted = Promise.withResolvers<never>();
    aborted.promise.catch(() => {});
    const onAbort = (): void => aborted.reject(signal?.reason);
    signal?.addEventListener("abort", onAbort);
    try {
      for (let at = 0; ;) {
        signal?.throwIfAborted();
        if (at < this.#written) {
          const chunk = await this.#chunkAt(at);
          at += chunk.byteLength;
          yield chunk;
        } else if (this.#failure !== undefined) throw this.#failure;
        else if (this.#isComplete) return;
        else await Promise.race([this.#change.promise, aborted.promise]);
      }
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** Stops the stream if it has not ended, by its own signal, and removes the file. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#filling;
    this.#space.release(this.#kind, this.#reserved);
    await this.#file?.close();
    if (this.#name !== undefined) await rm(this.#name, { force: true });
  }

  async #fill(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of bytes) {
        // More bytes than its size are a mistake of the source, which readers notice without them.
        if (this.#written + chunk.byteLength > this.#reserved + readSize) break;
        await this.#store(chunk);
        this.#written += chunk.byteLength;
        this.#notify();
      }
      this.#isComplete = true;
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
    }
    this.#notify();
  }

  async #store(chunk: Uint8Array): Promise<void> {
    if (this.#chunks !== undefined) {
      this.#chunks.push(chunk);
      return;
    }
    try {
      this.#file ??= await this.#createFile();
      let offset = 0;
      while (offset < chunk.byteLength) {
        const position = this.#written + offset;
        const { bytesWritten } = await this.#file.write(chunk, offset, undefined, position);
        offset += bytesWritten;
      }
    } catch (cause) {
      throw new SpoolFailure("a temporary file cannot be written", { cause });
    }
  }

  async #createFile(): Promise<FileHandle> {
    const name = path.join(tmpdir(), `drayage-${randomUUID()}`);
    const file = await open(name, "wx+", 0o600);
    await rm(name).catch(() => (this.#name = name));
    return file;
  }

  async #chunkAt(at: number): Promise<Uint8Array> {
    if (this.#chunks === undefined) return this.#readFile(at);
    let start = 0;
    for (const chunk of this.#chunks) {
      if (at < start + chunk.byteLength) return chunk.subarray(at - start);
      start += chunk.byteLength;
    }
    return new Uint8Array(0);
  }

  async #readFile(at: number): Promise<Uint8Array> {
    const length = Math.min(readSize, this.#written - at);
    try {
      const buffer = new Uint8Array(length);
      const { bytesRead = 0 } = (await this.#file?.read(buffer, 0, length, at)) ?? {};
      if (bytesRead > 0) return buffer.subarray(0, bytesRead);
    } catch (cause) {
      throw new SpoolFailure("a temporary file cannot be read", { cause });
    }
    throw new SpoolFailure("a temporary file was truncated");
  }

  #notify(): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers<void>();
  }
}
