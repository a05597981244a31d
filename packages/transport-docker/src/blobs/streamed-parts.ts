import type { BlobBody } from "@drayage/core";

import type { BlobPart, BlobParts, PartLength, UploadedBlob } from "./blob-parts.ts";
import { PartReader } from "./part-reader.ts";

/** Of a blob whose digest and size are known: nothing is held, and what has to be sent again is read again. */
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

  async next(start: number, { least, most }: PartLength): Promise<BlobPart> {
    const { size } = this.#blob;
    const rest = size - start;
    // All of it was read and found right; what is missing is that the registry makes it a blob.
    if (rest === 0 && start > 0) return { start, length: 0, bytes: empty, ends: this.#blob };
    if (!this.#isAt(start)) this.#goTo(start);
    const length = Math.max(least, most);
    return rest <= length
      ? { start, length: rest, bytes: this.#reader.take(), ends: this.#blob }
      : { start, length, bytes: this.#reader.take(length), ends: undefined };
  }

  hasFrom(start: number): boolean {
    return this.#body.replay !== undefined || this.#isAt(start);
  }

  hasThrown(error: unknown): boolean {
    return this.#reader.hasThrown(error);
  }

  close(): void {
    this.#reader.close();
  }

  #isAt(start: number): boolean {
    return this.#reader.isResting && this.#reader.position === start;
  }

  #goTo(start: number): void {
    const rest = this.#body.replay?.(start);
    if (rest === undefined) throw new RangeError(`Read already: ${start}`);
    this.#reader.close();
    this.#reader = new PartReader(rest, start);
  }
}

const empty = new Uint8Array(0);
