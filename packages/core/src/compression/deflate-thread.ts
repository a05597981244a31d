import { Worker } from "node:worker_threads";

import { deflateModule } from "./deflate-module.ts";

/** Of WebAssembly, which the types of Node leave out, what is used here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

let compiled: object | undefined;

/** Deflates on another thread, one block after the other. Keeps a program from ending only while it does. */
export class DeflateThread {
  readonly #worker: Worker;
  readonly #blocks: PromiseWithResolvers<Uint8Array>[] = [];

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(deflateModule, "base64"));
    // As text it needs no file that those who bundle this package would have to know of.
    const code = `(${serve.toString()})()`;
    this.#worker = new Worker(code, { eval: true, workerData: compiled, execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (packed: Uint8Array) => this.#taken()?.resolve(packed));
    this.#worker.on("error", (error) => this.#fail(error));
    this.#worker.on("exit", () => this.#fail(new Error("A thread has ended")));
  }

  /** How many it still has to do. */
  get blocks(): number {
    return this.#blocks.length;
  }

  /**
   * At most 1 MiB, deflated (RFC 1951). It ends at a whole byte, with no block that says that it is the last; the same
   * bytes always give the same ones.
   */
  async deflated(block: Uint8Array): Promise<Uint8Array> {
    const result = Promise.withResolvers<Uint8Array>();
    this.#blocks.push(result);
    this.#worker.ref();
    this.#worker.postMessage(block, []);
    return result.promise;
  }

  #taken(): PromiseWithResolvers<Uint8Array> | undefined {
    const first = this.#blocks.shift();
    if (this.#blocks.length === 0) this.#worker.unref();
    return first;
  }

  #fail(error: unknown): void {
    while (this.#blocks.length > 0) this.#taken()?.reject(error);
  }
}

interface DeflateExports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly input: { readonly value: number };
  readonly output: { readonly value: number };
  readonly deflate: (size: number) => number;
}

/** Runs on the other thread, and so knows nothing of this file. */
function serve(): void {
  const { parentPort, workerData } = process.getBuiltinModule("node:worker_threads");
  const instance = new WebAssembly.Instance(workerData as object);
  const { memory, input, output, deflate } = instance.exports as DeflateExports;
  const bytes = new Uint8Array(memory.buffer);
  parentPort?.on("message", (block: Uint8Array) => {
    bytes.set(block, input.value);
    const end = output.value + deflate(block.byteLength);
    const packed = bytes.slice(output.value, end);
    parentPort.postMessage(packed, [packed.buffer]);
  });
}
