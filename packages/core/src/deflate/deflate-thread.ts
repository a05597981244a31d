import { Worker } from "node:worker_threads";

import { deflateModule } from "./deflate-module.ts";

/** Of WebAssembly, which the types of Node leave out, what is used here. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: unknown };
};

let compiled: object | undefined;

/** Deflates on another thread, one block at a time. Keeps a program from ending only while it does. */
export class DeflateThread {
  readonly #worker: Worker;
  #block: PromiseWithResolvers<Uint8Array> | undefined;

  constructor() {
    compiled ??= new WebAssembly.Module(Buffer.from(deflateModule, "base64"));
    // As text it needs no file that those who bundle this package would have to know of.
    const code = `(${serve.toString()})()`;
    this.#worker = new Worker(code, { eval: true, workerData: compiled, execArgv: [] });
    this.#worker.unref();
    this.#worker.on("message", (packed: Uint8Array) => this.#settle()?.resolve(packed));
    this.#worker.on("error", (error) => this.#settle()?.reject(error));
    this.#worker.on("exit", () => this.#settle()?.reject(new Error("A thread has ended")));
  }

  /**
   * At most 1 MiB, deflated (RFC 1951). It ends at a whole byte, with no block that says that it is the last; the same
   * bytes always give the same ones.
   */
  async deflated(block: Uint8Array): Promise<Uint8Array> {
    this.#block = Promise.withResolvers();
    this.#worker.ref();
    this.#worker.postMessage(block, []);
    return this.#block.promise;
  }

  #settle(): PromiseWithResolvers<Uint8Array> | undefined {
    const block = this.#block;
    this.#block = undefined;
    this.#worker.unref();
    return block;
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
