import { Writable } from "node:stream";
import { callbackify } from "node:util";

import { ImageError, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { Engine } from "./engine.ts";
import { readText } from "./exchange.ts";
import type { Exchange } from "./exchange.ts";
import { errorInReport } from "./load-report.ts";

/**
 * Sends an archive to an engine, chunk by chunk. Finishes when the engine has loaded the image, and fails as soon as the
 * engine reports an error. Destroying it loads no image: engines reject truncated archives.
 */
export class ImageLoad extends Writable {
  readonly #engine: Engine;
  readonly #options: OperationOptions;
  /** Started with the first chunk, because engines limit the wait for a request body. */
  #exchange: Exchange | undefined;
  #outcome: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(engine: Engine, options: OperationOptions) {
    super({ decodeStrings: false });
    this.#engine = engine;
    this.#options = options;
  }

  override _write(chunk: Uint8Array, _: string, done: (error?: Error | null) => void): void {
    const { body, explain } = this.#started();
    body.write(chunk, (cause) => done(cause && permanent(this.#failure ?? explain(cause))));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#started().body.end();
    callbackify(async () => this.#outcome)(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#exchange?.body.destroy();
    done(error);
  }

  #started(): Exchange {
    if (this.#exchange !== undefined) return this.#exchange;
    const path = "/images/load?quiet=0";
    const call = { ...this.#options, method: "POST", path } as const;
    const exchange = this.#engine.start(call, "application/x-tar");
    this.#exchange = exchange;
    this.#outcome = this.#loaded(exchange);
    this.#outcome.catch((error: unknown) => {
      this.#failure = error;
      exchange.body.destroy();
    });
    return exchange;
  }

  /** Waits for the report. An engine may respond before it has read the whole archive. */
  async #loaded({ response }: Exchange): Promise<void> {
    const report = await response;
    const operation = "load the image";
    if (report.status !== 200) throw this.#engine.errorFor(await readText(report), operation);
    const error = await errorInReport(report.bytes);
    if (error !== undefined) throw this.#engine.reportedError(operation, error);
  }
}

/** Makes an error not retryable: the sent part of the archive is lost. */
function permanent(error: unknown): Error {
  if (!isImageError(error) || !error.retryable) return error as Error;
  const { code, message, cause } = error;
  return new ImageError(code, message, { cause, retryable: false });
}
