import type { BlobBody } from "@drayage/core";

import type { BlobPart, BlobParts, PartLength, UploadedBlob } from "./blob-parts.ts";
import { PartReader } from "./part-reader.ts";

/** The parts of a blob of known digest and size. Nothing is buffered: bytes to send again are read again. */
export class StreamedParts implements BlobParts {
  readonly #blob: UploadedBlob;
  readonly #body: BlobBody;
  #reader: PartReader;

  constructor(body: BlobBody, blob: UploadedBlob) {
    this.#blob = blob;
    this.#body = body;
    this.#reader = new PartReader(body, 0);
  }

  get position(): number {
    return this.#reader.position;
  }

  async next(start: number, { min, max }: PartLength): Promise<BlobPart> {
    const { size } = this.#blob;
    const rest = size - start;
    // The registry has all bytes, and only has to finish the upload.
    if (rest === 0 && start > 0) return { start, length: 0, bytes: empty, completes: this.#blob };
    if (!this.#isAt(start)) this.#replayFrom(start);
    const length = Math.max(min, max);
    return rest <= length
      ? { start, length: rest, bytes: this.#reader.take(), completes: this.#blob }
      : { start, length, bytes: this.#reader.take(length), completes: undefined };
  }

  canReadFrom(start: number): boolean {
    return this.#body.replay !== undefined || this.#isAt(start);
  }

  isStreamError(error: unknown): boolean {
    return this.#reader.isStreamError(error);
  }

  close(): void {
    this.#reader.close();
  }

  #isAt(start: number): boolean {
    return this.#reader.isIdle && this.#reader.position === start;
  }

  #replayFrom(start: number): void {
    const rest = this.#body.replay?.(start);
    if (rest === undefined)
      throw new RangeError(`The bytes from offset ${start} cannot be read again`);
    this.#reader.close();
    this.#reader = new PartReader(rest, start);
  }
}

const empty = new Uint8Array(0);
