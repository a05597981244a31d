import { Worker } from "node:worker_threads";

import { parseDigest } from "@drayage/core";
import type { Digest, DigestAlgorithm, OperationOptions } from "@drayage/core";

import { untilAborted } from "../wire/abortable.ts";

/** The minimum file size in bytes for which a thread is faster. */
export const minThreadSize: number = 16 * 1024 * 1024;

/** Computes the digest of a file in a thread; undefined if that fails. */
export async function threadDigest(
  file: string,
  algorithm: DigestAlgorithm,
  { signal }: OperationOptions = {},
): Promise<Digest | undefined> {
  const worker = startThread({ file, algorithm });
  if (worker === undefined) return undefined;
  const { promise, resolve } = Promise.withResolvers<Digest | undefined>();
  worker.once("message", (digest: string) => resolve(parseDigest(digest)));
  for (const end of ["error", "exit"]) worker.once(end, () => resolve(undefined));
  try {
    return await untilAborted(promise, signal);
  } finally {
    await worker.terminate();
  }
}

/** Starts the thread; undefined if this process cannot start threads. */
function startThread(workerData: object): Worker | undefined {
  try {
    return new Worker(program, { eval: true, execArgv: [], workerData });
  } catch {
    return undefined;
  }
}

/** A string, so that it works in any bundle. */
const program = `
  const { createHash } = require("node:crypto");
  const { openSync, readSync } = require("node:fs");
  const { parentPort, workerData } = require("node:worker_threads");

  const hash = createHash(workerData.algorithm);
  const file = openSync(workerData.file);
  const buffer = Buffer.allocUnsafeSlow(1 << 18);
  for (let size; (size = readSync(file, buffer, 0, buffer.length, null)) > 0; )
    hash.update(buffer.subarray(0, size));
  parentPort.postMessage(workerData.algorithm + ":" + hash.digest("hex"));
`;
