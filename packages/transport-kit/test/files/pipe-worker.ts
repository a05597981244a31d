/**
 * Starts a worker that sends three million bytes through a named pipe and opens files before it ends. Reports the number of
 * received bytes and of files that are still open.
 */
import { once } from "node:events";
import { open } from "node:fs/promises";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";

import { pipeBytes, pipeWriter } from "@drayage/transport-kit/files";

if (isMainThread) {
  const [, , pipe] = process.argv;
  const worker = new Worker(new URL(import.meta.url), { workerData: pipe });
  const [size] = (await once(worker, "message")) as [number];
  const handles = await Promise.all(Array.from({ length: 20 }, () => open("/dev/null")));
  worker.postMessage("end", []);
  await once(worker, "exit");
  const closed = await Promise.allSettled(handles.map((handle) => handle.close()));
  const intact = closed.filter(({ status }) => status === "fulfilled").length;
  process.send?.({ size, intact });
} else {
  const pipe = workerData as string;
  pipeWriter(pipe).end(Buffer.alloc(3_000_000));
  let size = 0;
  for await (const chunk of pipeBytes(pipe)) size += chunk.byteLength;
  parentPort?.postMessage(size, []);
  parentPort?.once("message", () => parentPort?.close());
}
