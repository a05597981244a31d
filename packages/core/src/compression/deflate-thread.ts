import { Worker } from "node:worker_threads";

import { deflateModule } from "./deflate-module.ts";

/** The used part of WebAssembly, which the types of Node do not declare. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

let compiled: object | undefined;

/** A thread that deflates blocks one by one. It keeps the process alive only while it is busy. */
export class DeflateThread {
  readonly #worker: Worker;
  readonly #pending: PromiseWithResolvers<Uint8Array>[] = [];

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(deflateModule, "base64"));
    // A text instead of a file, so that bundlers need no configuration for a worker file.
    const code = `(${runThread.toString()})()`;
    this.#worker = new Worker(code, { eval: true, workerData: compiled, execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (compressed: Uint8Array) => this.#shiftBlock()?.resolve(compressed));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("A compression thread has ended")));
  }

  /** The number of blocks in its queue. */
  get pendingBlocks(): number {
    return this.#pending.length;
  }

  /**
   * Deflates at most 1 MiB (RFC 1951). The result ends at a byte boundary and has no block with the final flag. The same
   * bytes always compress to the same result.
   */
  async deflated(block: Uint8Array): Promise<Uint8Array> {
    const result = Promise.withResolvers<Uint8Array>();
    this.#pending.push(result);
    this.#worker.ref();
    this.#worker.postMessage(block, []);
    return result.promise;
  }

  #shiftBlock(): PromiseWithResolvers<Uint8Array> | undefined {
    const first = this.#pending.shift();
    if (this.#pending.length === 0) this.#worker.unref();
    return first;
  }

  #fail(error: unknown): void {
    while (this.#pending.length > 0) this.#shiftBlock()?.reject(error);
  }
}

interface DeflateExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: { readonly value: number };
  readonly output: { readonly value: number };
  readonly deflate: (size: number) => number;
}

/** Runs on the other thread, so it must not use other declarations of this file. */
function runThread(): void {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const instance = new WebAssembly.Instance(workerData as object);
  const { memory, input, output, deflate } = instance.exports as DeflateExports;
  const bytes = new Uint8Array(memory.buffer);
  parentPort?.on("message", (block: Uint8Array) => {
    bytes.set(block, input.value);
    const end = output.value + deflate(block.byteLength);
    const compressed = bytes.slice(output.value, end);
    parentPort.postMessage(compressed, [compressed.buffer]);
  });
}
