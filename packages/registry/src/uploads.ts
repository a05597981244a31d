import { randomUUID } from "node:crypto";

import { algorithmOf, digestHasher } from "@drayage/core";
import type { Digest } from "@drayage/core";

import type { BlobStore, BlobWriter } from "./blob-store.ts";
import { ErrorResponse } from "./http/error-response.ts";

/** A blob that is being pushed to one repository. */
export class Upload {
  readonly id: string = randomUUID();
  readonly repository: string;
  /** Whether a chunk was so short that it must be the last. */
  hasLastChunk = false;
  readonly #content: BlobWriter;
  #sha256 = digestHasher();
  #size = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor(repository: string, content: BlobWriter) {
    this.repository = repository;
    this.#content = content;
  }

  get size(): number {
    return this.#size;
  }

  /** Runs one request at a time, so that the bytes of a broken connection are counted before the next request. */
  async exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => {});
    return done;
  }

  /** Keeps the bytes that precede an error. */
  async append(body: AsyncIterable<Uint8Array>): Promise<void> {
    for await (const chunk of body) {
      this.#sha256.update(chunk);
      await this.#content.append(chunk);
      this.#size += chunk.byteLength;
    }
  }

  /** Keeps no bytes if there is an error. */
  async appendWhole(body: AsyncIterable<Uint8Array>): Promise<void> {
    const [before, sha256] = [this.#size, this.#sha256.copy()];
    try {
      await this.append(body);
    } catch (error) {
      await this.#content.truncate(before);
      this.#size = before;
      this.#sha256 = sha256;
      throw error;
    }
  }

  /** Stores the blob if the digest matches, and discards it otherwise. Ends the upload. */
  async finish(expected: Digest): Promise<boolean> {
    const isRight = (await this.#digestAs(expected)) === expected;
    await (isRight ? this.#content.commit(expected) : this.#content.discard());
    return isRight;
  }

  async discard(): Promise<void> {
    await this.#content.discard();
  }

  async #digestAs(expected: Digest): Promise<Digest> {
    const algorithm = algorithmOf(expected);
    if (algorithm === "sha256") return this.#sha256.digest();
    const hasher = digestHasher(algorithm);
    for await (const chunk of this.#content.read()) hasher.update(chunk);
    return hasher.digest();
  }
}

/** The active uploads. */
export class Uploads {
  readonly #store: BlobStore;
  readonly #byId = new Map<string, Upload>();

  constructor(store: BlobStore) {
    this.#store = store;
  }

  async open(repository: string): Promise<Upload> {
    const upload = new Upload(repository, await this.#store.newWriter());
    this.#byId.set(upload.id, upload);
    return upload;
  }

  /** @throws ErrorResponse `BLOB_UPLOAD_UNKNOWN` */
  get(repository: string, id: string): Upload {
    const upload = this.#byId.get(id);
    if (upload?.repository === repository) return upload;
    throw new ErrorResponse("BLOB_UPLOAD_UNKNOWN", "The repository has no such upload", {
      detail: { id },
    });
  }

  forget(upload: Upload): void {
    this.#byId.delete(upload.id);
  }

  async discardAll(): Promise<void> {
    const uploads = [...this.#byId.values()];
    this.#byId.clear();
    await Promise.all(uploads.map((upload) => upload.discard()));
  }
}
