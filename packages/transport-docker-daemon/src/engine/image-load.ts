import { Writable } from "node:stream";
import { callbackify } from "node:util";

import { ImageError, isImageError } from "@drayage/core";
import type { OperationOptions } from "@drayage/core";

import type { Engine } from "./engine.ts";
import { startOf } from "./exchange.ts";
import type { BegunExchange } from "./exchange.ts";
import { problemInReport } from "./load-report.ts";

/**
 * Takes a docker archive for an engine, piece by piece: a piece is written when it was sent. It finishes when the engine
 * has loaded the image, and fails as soon as the engine says why it does not; destroyed before, it leaves no image, since
 * an engine loads nothing of an archive that is cut off.
 */
export class ImageLoad extends Writable {
  readonly #engine: Engine;
  readonly #options: OperationOptions;
  /** Only once there is something to send: engines do not wait for ever. */
  #exchange: BegunExchange | undefined;
  #outcome: Promise<void> = Promise.resolve();
  #failure: unknown;

  constructor(engine: Engine, options: OperationOptions) {
    super({ decodeStrings: false });
    this.#engine = engine;
    this.#options = options;
  }

  override _write(chunk: Uint8Array, _: string, done: (error?: Error | null) => void): void {
    const { body, explain } = this.#begun();
    body.write(chunk, (cause) => done(cause && lasting(this.#failure ?? explain(cause))));
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#begun().body.end();
    callbackify(async () => this.#outcome)(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#exchange?.body.destroy();
    done(error);
  }

  #begun(): BegunExchange {
    if (this.#exchange !== undefined) return this.#exchange;
    const path = "/images/load?quiet=0";
    const question = { ...this.#options, method: "POST", path } as const;
    const exchange = this.#engine.begin(question, "application/x-tar");
    this.#exchange = exchange;
    this.#outcome = this.#loaded(exchange);
    this.#outcome.catch((error: unknown) => {
      this.#failure = error;
      exchange.body.destroy();
    });
    return exchange;
  }

  /** An engine may answer before it has all, and reads no further then. */
  async #loaded({ answer }: BegunExchange): Promise<void> {
    const report = await answer;
    const doing = "load the image";
    if (report.status !== 200) throw this.#engine.refusal(await startOf(report), doing);
    const problem = await problemInReport(report.bytes);
    if (problem !== undefined) throw this.#engine.problem(doing, problem);
  }
}

/** Whatever might pass, what was sent before is lost. */
function lasting(error: unknown): Error {
  if (!isImageError(error) || !error.retryable) return error as Error;
  const { code, message, cause } = error;
  return new ImageError(code, message, { cause, retryable: false });
}
