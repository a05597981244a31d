import { ImageError } from "@drayage/core";
import type { ByteRange, OperationOptions, Retries } from "@drayage/core";

import { isS3Error } from "./bucket.ts";
import type { Bucket, OpenedObject } from "./bucket.ts";
import { s3Error } from "./s3-error.ts";

/** Of which both ends are known. */
export interface BoundedRange extends ByteRange {
  readonly end: number;
}

/** Bytes. Who sends less before each break does not make it. */
const leastProgress = 1 << 16;

/** Reads ranges of one object, each across any number of broken connections. */
export class RangeReader {
  readonly #bucket: Bucket;
  readonly #key: string;
  readonly #options: OperationOptions & { readonly retries: Retries };

  constructor(
    bucket: Bucket,
    key: string,
    options: OperationOptions & { readonly retries: Retries },
  ) {
    this.#bucket = bucket;
    this.#key = key;
    this.#options = options;
  }

  /** undefined where the object has no byte in that range. @throws ImageError `not-found` */
  async open({ start, end }: BoundedRange): Promise<OpenedObject | undefined> {
    const range = `${start}-${end === Infinity ? "" : end}`;
    try {
      const opened = await this.#bucket.get(this.#key, range, this.#options);
      if (opened !== undefined) return opened;
    } catch (error) {
      if (isS3Error(error, "InvalidRange")) return undefined;
      throw error;
    }
    throw new ImageError("not-found", `There is no s3://${this.#bucket.name}/${this.#key}`);
  }

  /** `opened` is an answer for this range that is there already. */
  async *read(
    { start, end }: BoundedRange,
    opened?: OpenedObject,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let at = start;
    let present = opened;
    for (let attempt = 1; ; attempt++) {
      const before = at;
      try {
        present ??= await this.open({ start: at, end });
        for await (const chunk of present?.bytes ?? []) {
          at += chunk.byteLength;
          yield chunk;
        }
        if (at > end) return;
        throw Object.assign(new Error("The answer ended early"), { code: "ECONNRESET" });
      } catch (cause) {
        if (at > end) return;
        const { signal, retries } = this.#options;
        signal?.throwIfAborted();
        const error = this.#errorOf(cause);
        const hasProgressed = at - before >= leastProgress;
        if (hasProgressed) attempt = 1;
        const doing = `read s3://${this.#bucket.name}/${this.#key}`;
        if (!(await retries.mayTryAgain({ error, attempt, doing, hasProgressed }, signal)))
          throw error;
        present = undefined;
      }
    }
  }

  #errorOf(cause: unknown): ImageError {
    if (cause instanceof ImageError) return cause;
    const { origin } = this.#bucket.connection;
    const question = { action: "GetObject", bucket: this.#bucket.name, key: this.#key };
    return s3Error(cause, { ...question, host: origin?.host });
  }
}
