import { ImageError, ranged, Retries } from "@drayage/core";
import type { BlobInfo, ByteRange, Digest, GetBlobOptions } from "@drayage/core";

import type { Repository } from "../repository.ts";
import { openRange } from "./opened-range.ts";
import type { OpenedRange } from "./opened-range.ts";

/** Bytes. Who sends less before each break does not make it. */
const leastProgress = 1 << 16;

/** How a blob is read, whichever part of it. */
export type ReadOptions = Omit<GetBlobOptions, "range">;

/** Reads ranges of one blob of a repository, each across any number of broken connections. */
export class BlobReader {
  readonly #repository: Repository;
  readonly #options: ReadOptions;
  readonly #retries: Retries;
  readonly #digest: Digest;
  #blob: BlobInfo;

  constructor(
    repository: Repository,
    blob: BlobInfo & { readonly digest: Digest },
    options: ReadOptions,
  ) {
    this.#repository = repository;
    this.#options = options;
    this.#retries = options.retries ?? new Retries();
    this.#digest = blob.digest;
    this.#blob = blob;
  }

  /** Every answer has to agree on the size with those before. @throws ImageError as `openRange` */
  async open(range: ByteRange): Promise<OpenedRange> {
    const options = { ...this.#options, retries: this.#retries };
    const opened = await openRange(this.#repository, this.#blob, range, options);
    this.#blob = { ...this.#blob, size: opened.size };
    return opened;
  }

  /**
   * Where the connection breaks it goes on with what is missing: asked for anew, since tokens and the addresses that a
   * registry redirects to are good for a while only. `opened` is an answer for this range that is there already.
   */
  async *read(
    { start, end }: ByteRange,
    opened?: OpenedRange,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let at = start;
    let present = opened;
    for (let attempt = 1; ; attempt++) {
      const before = at;
      try {
        const range = { start: at, end };
        present ??= await this.open(range);
        for await (const chunk of wantedOf(present, range)) {
          at += chunk.byteLength;
          yield chunk;
        }
        if (this.#blob.size === undefined || this.#isAllOf(at, end)) return;
        throw new ImageError("unavailable", `The answer with ${this.#digest} ended early`);
      } catch (error) {
        if (present !== undefined && this.#isAllOf(at, end)) return;
        const hasProgressed = at - before >= leastProgress;
        if (hasProgressed) attempt = 1;
        const doing = `read the blob ${this.#digest} of ${this.#repository.name}`;
        const failed = { error, attempt, doing, hasProgressed };
        if (!(await this.#retries.mayTryAgain(failed, this.#options.signal))) throw error;
        present = undefined;
      }
    }
  }

  /** A connection may break between the last byte and what says that it was the last. */
  #isAllOf(at: number, end = Infinity): boolean {
    return at > Math.min(end, (this.#blob.size ?? Infinity) - 1);
  }
}

function wantedOf(
  { bytes, isWhole }: OpenedRange,
  { start, end }: ByteRange,
): AsyncIterable<Uint8Array> {
  return isWhole && (start > 0 || end !== undefined) ? ranged(bytes, { start, end }) : bytes;
}
