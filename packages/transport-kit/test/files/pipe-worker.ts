/** A worker that sends three million bytes through a named pipe and reports how many came out. */
import { parentPort, workerData } from "node:worker_threads";

import { pipeBytes, pipeWriter } from "@drayage/transport-kit/files";

const pipe = workerData as string;
pipeWriter(pipe).end(Buffer.alloc(3_000_000));
let size = 0;
for await (const chunk of pipeBytes(pipe)) size += chunk.byteLength;
parentPort?.postMessage(size, []);
parentPort?.once("message", () => parentPort?.close());
